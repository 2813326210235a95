"""Recorders that were killed, and disks that were full."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.errors import ArchiveError
from tests.unit.formats_samples import ENVIRONMENT, syscall

WRITE_AND_WAIT = """
import pathlib, signal, sys
from tests.unit.formats_samples import HEADER, syscall
from redrive.formats.archive_writer import ArchiveWriter
writer = ArchiveWriter(pathlib.Path(sys.argv[1]), HEADER)
for number in range(1000):
    writer.write(syscall(number))
signal.pause()
"""

WRITE_FOR_EVER = """
import itertools, pathlib, sys
from tests.unit.formats_samples import HEADER, syscall
from redrive.formats.archive_writer import ArchiveWriter
writer = ArchiveWriter(pathlib.Path(sys.argv[1]), HEADER)
for number in itertools.count():
    if number % 100 == 0:
        writer.add_blob(b"%d" % number)
    writer.write(syscall(number))
"""


def killed_when(program: str, path: Path, reached: int) -> None:
    """Runs a writer and kills it once its archive shows so many events."""
    child = subprocess.Popen([sys.executable, "-c", program, path], env=ENVIRONMENT)
    try:
        while events_in(path) < reached:
            assert child.poll() is None
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


def events_in(path: Path) -> int:
    try:
        with ArchiveReader(path) as reader:
            return reader.completeness.event_count
    except ArchiveError:
        return 0


def test_what_a_waiting_recorder_has_seen_is_on_disk_when_it_is_killed(tmp_path):
    path = tmp_path / "a.redrive"
    killed_when(WRITE_AND_WAIT, path, 1000)
    with ArchiveReader(path) as reader:
        assert list(reader.events()) == [(number, syscall(number)) for number in range(1000)]
        assert reader.outcome is None
        assert not reader.completeness.complete
        assert reader.completeness.end_offset == path.stat().st_size
        assert reader.completeness.reason.startswith("The recording was not closed: it holds 1000 whole events")


@pytest.mark.parametrize("reached", [1, 5_000, 50_000])
def test_a_recorder_killed_while_it_writes_leaves_a_readable_archive(tmp_path, reached):
    path = tmp_path / "a.redrive"
    killed_when(WRITE_FOR_EVER, path, reached)
    with ArchiveReader(path) as reader:
        count = 0
        for number, event in reader.events():
            assert (number, event) == (count, syscall(count))
            count += 1
        assert count == reader.completeness.event_count >= reached
        for number, digest in enumerate(reader.blobs()):
            assert reader.blob(digest) == b"%d" % (number * 100)
        assert len(list(reader.blobs())) >= count // 100


UNTIL_IT_FAILS = """
import itertools, os, pathlib, resource, sys
from tests.unit.formats_samples import HEADER, OUTCOME, syscall
from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.errors import ArchiveError
path, limit = pathlib.Path(sys.argv[1]), int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
writer = ArchiveWriter(path, HEADER)
data = os.urandom(5000)
try:
    for number in itertools.count():
        writer.write(syscall(number, data[number % 1000:]))
except ArchiveError as error:
    print(error.errno, error)
try:
    writer.close(OUTCOME)
except ArchiveError as error:
    print(error.errno, error)
with ArchiveReader(path) as reader:
    events = list(reader.events())
    assert events == [(number, syscall(number, data[number % 1000:])) for number in range(len(events))]
    assert reader.outcome == OUTCOME._replace(complete=False, reason=reader.outcome.reason)
    assert reader.completeness.event_count == len(events) > 10
print(reader.outcome.reason)
"""


def test_a_limit_of_file_size_is_an_error_and_what_was_written_can_be_read(tmp_path):
    path = tmp_path / "a.redrive"
    command = [sys.executable, "-c", UNTIL_IT_FAILS, path, "1000000"]
    result = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    sentence = "cannot be written: File too large"
    assert result.stdout.splitlines() == [f"27 {path} {sentence}", f"27 {path} {sentence}", f"the archive {sentence}"]


def test_a_full_disk_is_an_error_and_what_was_written_can_be_read(tmp_path):
    unshare = ["unshare", "--mount", "--map-root-user"]
    mount = f"mount -t tmpfs -o size=1m none {tmp_path}"
    if subprocess.run([*unshare, "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small tmpfs")
    path = tmp_path / "a.redrive"
    command = [*unshare, "sh", "-c", f'{mount} && exec "$@"', "sh", sys.executable, "-c", UNTIL_IT_FAILS, path, "0"]
    result = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    sentence = "cannot be written: No space left on device"
    assert result.stdout.splitlines() == [f"28 {path} {sentence}", f"28 {path} {sentence}", f"the archive {sentence}"]


def test_a_disk_too_full_for_the_header_leaves_no_file(tmp_path):
    program = UNTIL_IT_FAILS.split("data = ")[0]
    path = tmp_path / "a.redrive"
    result = subprocess.run(
        [sys.executable, "-c", program, path, "100"], env=ENVIRONMENT, capture_output=True, text=True
    )
    assert result.stderr.splitlines()[-1].endswith(f"ArchiveError: {path} cannot be written: File too large")
    assert not path.exists()
