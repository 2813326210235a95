"""`redrive pack --redact`: copies of real recordings, in which a secret is nowhere any more."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pexpect
import pytest

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.codec import event_encoder
from redrive.formats.events import VectorState
from tests.redrive_command import DEADLINE, Redrive

TOKEN = b"tok-4e1b9a77c0d2"
PASSWORD = b"qwxzkjv vkqzjx7 wvqzxkj"
CARRIED_AROUND = r"""
cat conf
while read -r line; do echo "bash has $line"; done < conf
env | grep API
sort conf - < conf | tail -1 > sorted
"""


@pytest.fixture
def recorded(redrive: Redrive) -> Path:
    """A program that carries two secrets around, one of its environment and one of a file."""
    (redrive.folder / "conf").write_bytes(b"user=me\npassword=" + PASSWORD + b"\n")
    archive = redrive.folder / "trace"
    run = redrive.run("record", "-o", archive, "--", "env", b"API_TOKEN=" + TOKEN, "bash", "-c", CARRIED_AROUND)
    assert run.status == 0 and TOKEN in run.stdout and PASSWORD in run.stdout, str(run)
    return archive


def everything_in(archive: Path, without: tuple[type, ...] = ()) -> bytes:
    """All bytes that a reader can get out of it, but for events of some kinds."""
    encode = event_encoder()
    with ArchiveReader(archive) as reader:
        events = [encode(event) for _, event in reader.events() if not isinstance(event, without)]
        return b"".join([repr(reader.header).encode(), *events, *map(reader.blob, reader.blobs())])


def test_the_secrets_are_gone_and_the_replay_is_exact(redrive: Redrive, recorded: Path) -> None:
    before = everything_in(recorded)
    assert TOKEN in before and PASSWORD in before
    copy = redrive.folder / "copy.redrive"
    packed = redrive.run("pack", "--redact", "API_TOKEN=(.*)", "--redact", "^password=(.*)$", recorded, copy)
    assert packed.status == 0 and b"the replay was exact" in packed.said, str(packed)
    assert b" secrets in" in packed.said
    after = everything_in(copy)
    assert len(after) == len(everything_in(recorded, without=(VectorState,))) < len(before)
    for secret in (TOKEN, PASSWORD):
        assert not any(secret[at : at + 8] in after for at in range(len(secret) - 7))
    replay = redrive.run("replay", copy)
    assert replay.status == 0
    for line in (b"user=me\n", b"password=aaaaaaa aaaaaa0 aaaaaaa\n", b"API_TOKEN=aaa-0a0a0a00a0a0\n"):
        assert line in replay.stdout


def test_the_program_looks_into_it(redrive: Redrive) -> None:
    """The copy can be read, and where it goes another way is said."""
    archive, copy = redrive.folder / "trace", redrive.folder / "copy"
    look = "case $API_TOKEN in tok*) echo good;; *) exec no-such-command;; esac"
    assert redrive.run("record", "-o", archive, "--", "env", b"API_TOKEN=" + TOKEN, "sh", "-c", look).status == 0
    packed = redrive.run("pack", "--redact", "API_TOKEN=(.*)", archive, copy)
    assert packed.status == 3 and b"at event" in packed.said, str(packed)
    assert redrive.run("dump", copy).status == 0
    assert TOKEN not in everything_in(copy)


def test_nothing_matches(redrive: Redrive, recorded: Path) -> None:
    packed = redrive.run("pack", "--redact", "no such thing in it", recorded, "copy")
    assert packed.status == 0 and b"nothing is replaced in copy" in packed.said, str(packed)
    assert everything_in(redrive.folder / "copy") == everything_in(recorded)


def test_too_short_to_be_told_from_other_data(redrive: Redrive, recorded: Path) -> None:
    packed = redrive.run("pack", "--redact", "user=(.*)", recorded, "copy")
    assert packed.status == 0 and b"1 matches have less than 4 bytes, and were left as they are" in packed.said


def test_nothing_is_overwritten(redrive: Redrive, recorded: Path) -> None:
    before = recorded.read_bytes()
    packed = redrive.run("pack", "--redact", "x+", recorded, recorded)
    assert (packed.status, packed.said.count(b"\n")) == (1, 1) and b"exists already" in packed.said, str(packed)
    assert recorded.read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("--redact", "(", "trace", "copy"),
        ("--redact", "", "trace", "copy"),
        ("--redact", "x*", "trace", "copy"),
        ("trace", "copy"),
        ("--redact", "x", "trace"),
    ],
)
def test_wrong_usage(redrive: Redrive, arguments: tuple[str, ...]) -> None:
    run = redrive.run("pack", *arguments)
    assert (run.status, run.said.count(b"\n")) == (2, 1), str(run)


def test_info_says_what_may_be_secret(redrive: Redrive) -> None:
    use = "import socket; socket.socket().close(); socket.socket(socket.AF_UNIX).close(); open('/etc/passwd').read()"
    assert redrive.run("record", "-o", "trace", sys.executable, "-S", "-c", use).status == 0
    [holds] = re.findall(rb"\nholds +(.*)\n", redrive.run("info", "trace").stdout)
    assert re.match(rb"\d+ environment variables, .*files \(opened: \d+\), .*the network \(sockets: 1\)$", holds)
    terminal = pexpect.spawn(
        redrive.command[0],
        [*redrive.command[1:], "record", "-o", "typed", "true"],
        cwd=str(redrive.folder),
        env=dict(redrive.environment),
        timeout=DEADLINE,
    )
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert b"what was typed" in redrive.run("info", "typed").stdout
