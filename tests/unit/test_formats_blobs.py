"""The per-user cache of compressed blobs: helps when it can, never harms."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from redrive.formats import frames
from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.blobs import BlobCache, blob_digest
from redrive.formats.cache_folder import ENTRY_OVERHEAD, user_cache
from redrive.formats.frames import FrameKind, encode_frame
from tests.unit.formats_samples import syscall, write_archive

DATA = b"".join(b"symbol_%d " % (number**3) for number in range(3000))
DIGEST = blob_digest(DATA)
FRAME = encode_frame(FrameKind.BLOB, DATA, digest=DIGEST)


def entry(directory: Path) -> Path:
    return directory / DIGEST.hex()[:2] / DIGEST.hex()[2:]


@pytest.fixture
def directory(tmp_path) -> Path:
    return tmp_path / "cache" / "blobs"


def recorded_blob(path: Path, cache: BlobCache) -> bytes:
    """DATA as an archive that was written with this cache holds it."""
    path.unlink(missing_ok=True)
    write_archive(path, [syscall(1)], blobs=(DATA,), cache=cache)
    with ArchiveReader(path) as reader:
        assert reader.completeness.complete
        return reader.blob(DIGEST)


def test_a_blob_that_was_put_is_got(directory):
    assert BlobCache(directory).get(DIGEST) is None
    BlobCache(directory).put(DIGEST, FRAME)
    assert BlobCache(directory).get(DIGEST) == FRAME
    assert BlobCache(directory).get(bytes(32)) is None


def test_a_recording_fills_the_cache(directory, tmp_path):
    assert recorded_blob(tmp_path / "a", BlobCache(directory)) == DATA
    assert entry(directory).read_bytes() == FRAME


def test_a_recording_uses_the_cache(directory, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(frames, "COMPRESSION_LEVEL", 19)
        compressed_otherwise = encode_frame(FrameKind.BLOB, DATA, digest=DIGEST)
    assert compressed_otherwise != FRAME
    BlobCache(directory).put(DIGEST, compressed_otherwise)
    assert recorded_blob(tmp_path / "a", BlobCache(directory)) == DATA
    assert compressed_otherwise in (tmp_path / "a").read_bytes()


def test_the_cache_is_private(directory):
    BlobCache(directory).put(DIGEST, FRAME)
    assert entry(directory).stat().st_mode & 0o077 == 0
    assert entry(directory).parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        FRAME[:20],
        FRAME[:-1],
        FRAME + b"x",
        FRAME[:-9] + b"x" + FRAME[-8:],
        bytes(len(FRAME)),
        encode_frame(FrameKind.BLOB, b"other", digest=blob_digest(b"other")),
        encode_frame(FrameKind.EVENTS, DATA, digest=DIGEST),
    ],
    ids=["empty", "half a head", "short", "long", "changed", "zeros", "another blob", "another kind"],
)
def test_an_entry_that_cannot_be_trusted_is_not_used_but_replaced(directory, tmp_path, content):
    BlobCache(directory).put(DIGEST, FRAME)
    entry(directory).write_bytes(content)
    assert BlobCache(directory).get(DIGEST) is None
    assert recorded_blob(tmp_path / "a", BlobCache(directory)) == DATA
    assert entry(directory).read_bytes() == FRAME


def test_an_entry_that_is_a_link_or_a_fifo_is_not_followed(directory, tmp_path):
    entry(directory).parent.mkdir(parents=True)
    (tmp_path / "elsewhere").write_bytes(FRAME)
    entry(directory).symlink_to(tmp_path / "elsewhere")
    assert BlobCache(directory).get(DIGEST) is None
    entry(directory).unlink()
    os.mkfifo(entry(directory))
    assert BlobCache(directory).get(DIGEST) is None


def test_a_place_that_cannot_be_written_is_not_used(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for directory in (tmp_path / "file" / "blobs", Path("/proc/redrive")):
        assert recorded_blob(tmp_path / "a", BlobCache(directory)) == DATA


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_no_half_entry(directory, monkeypatch):
    def full(path: str, flags: int) -> int:
        os.symlink("/dev/full", path)
        return os.open(path, os.O_WRONLY)

    monkeypatch.setattr("redrive.formats.cache_folder._open_private", full)
    BlobCache(directory).put(DIGEST, FRAME)
    assert list(entry(directory).parent.iterdir()) == []


def test_the_entries_longest_unused_go_first(directory):
    cache = BlobCache(directory, limit=3 * (len(FRAME) + ENTRY_OVERHEAD))
    paths = []
    for number in range(5):
        digest = bytes([number]) * 32
        cache.put(digest, FRAME)
        path = directory / digest.hex()[:2] / digest.hex()[2:]
        os.utime(path, (1000 + number, 1000 + number))
        paths.append(path)
    cache.trim()
    assert [path.exists() for path in paths] == [False, False, True, True, True]


def test_a_use_makes_an_entry_young(directory):
    BlobCache(directory).put(DIGEST, FRAME)
    os.utime(entry(directory), (1000, 1000))
    BlobCache(directory).get(DIGEST)
    assert entry(directory).stat().st_mtime > 1000


def test_what_a_killed_recorder_left_unfinished_is_cleared_away(directory):
    cache = BlobCache(directory)
    cache.put(DIGEST, FRAME)
    left, fresh = entry(directory).with_name(".new-left"), entry(directory).with_name(".new-fresh")
    left.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(left, (1000, 1000))
    cache.trim()
    assert (left.exists(), fresh.exists(), entry(directory).exists()) == (False, True, True)


def test_a_cache_removed_while_in_use_does_no_harm(directory, tmp_path):
    cache = BlobCache(directory)
    cache.put(DIGEST, FRAME)
    shutil.rmtree(directory)
    cache.trim()
    assert recorded_blob(tmp_path / "a", cache) == DATA


def test_the_place_is_that_of_the_xdg_specification(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert user_cache("blobs") == Path("/somewhere/redrive/blobs")
    monkeypatch.setenv("HOME", "/home/user")
    for unset in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert user_cache("blobs") == Path("/home/user/.cache/redrive/blobs")
