"""Recordings for which there is no room: a limit of their own, a full disk, and what becomes of the program then."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.redrive_command import Redrive

FLOOD = "dd if=/dev/urandom of=written bs=10000 count=400 iflag=fullblock status=none; echo over; exit 5"
"""Four megabytes that nothing makes smaller; the size of the file tells how far it came."""
WRITTEN = 4_000_000
ENDLESS = FLOOD.replace("count=400 ", "")
LIMIT = 1_500_000
"""Bytes: enough for the libraries and some of the events."""


def check_the_beginning_is_kept(redrive: Redrive, archive: Path, why: bytes) -> None:
    """The archive opens, says why it ends early, and replays to where it ends."""
    shown = redrive.run("info", archive)
    assert shown.status == 0 and re.search(rb"\ntrace +the archive " + why, shown.stdout), str(shown)
    [events] = re.findall(rb"\nevents +(\d+)\n", shown.stdout)
    assert int(events) > 100
    replay = redrive.run("replay", archive)
    assert replay.status == 0, str(replay)
    assert b"%d events replayed exactly" % int(events) in replay.said
    assert b"the trace ends early: the archive " + why in replay.said


class TestLimit:
    REACHED = b"has reached the %d bytes it may have" % LIMIT

    def test_the_program_runs_on(self, redrive: Redrive) -> None:
        run = redrive.run("record", "-o", "trace", "--max-size", str(LIMIT), "--", "sh", "-c", FLOOD)
        assert (run.status, run.stdout) == (5, b"over\n"), str(run)
        assert (redrive.folder / "written").stat().st_size == WRITTEN
        assert self.REACHED + b": the program ran on, unrecorded" in run.said
        archive = redrive.folder / "trace"
        assert archive.stat().st_size <= LIMIT
        check_the_beginning_is_kept(redrive, archive, self.REACHED)

    def test_a_verification_says_how_far_it_went(self, redrive: Redrive) -> None:
        run = redrive.run("record", "--verify", "--max-size", str(LIMIT), "--", "sh", "-c", FLOOD)
        assert run.status == 5, str(run)
        assert b"exact as far as the trace goes, which ends early: the archive " + self.REACHED in run.said

    def test_the_program_is_stopped(self, redrive: Redrive) -> None:
        run = redrive.run(
            "record", "-o", "trace", "--max-size", str(LIMIT), "--on-full", "stop", "--", "sh", "-c", ENDLESS
        )
        assert (run.status, run.stdout) == (1, b""), str(run)
        assert self.REACHED + b"; what was recorded until then is in trace" in run.said
        check_the_beginning_is_kept(redrive, redrive.folder / "trace", self.REACHED)

    def test_what_fits_is_whole(self, redrive: Redrive) -> None:
        run = redrive.run("record", "--max-size", "1G", "--verify", "true")
        assert run.status == 0 and b"the replay was exact" in run.said, str(run)

    def test_no_room_for_the_header(self, redrive: Redrive) -> None:
        run = redrive.run("record", "-o", "trace", "--max-size", "1k", "true")
        assert (run.status, run.said.count(b"\n")) == (1, 1), str(run)
        assert not (redrive.folder / "trace").exists()

    @pytest.mark.parametrize("size", ["0", "-1", "many", "1e6", "5 parsecs"])
    def test_no_size(self, redrive: Redrive, size: str) -> None:
        run = redrive.run("record", "--max-size", size, "true")
        assert (run.status, run.said.count(b"\n")) == (2, 1), str(run)

    def test_a_hunt_has_not_found_what_it_could_not_record(self, redrive: Redrive) -> None:
        hunt = redrive.run("hunt", "-j1", "--max-size", str(LIMIT), "--", "sh", "-c", FLOOD)
        assert hunt.status == 125 and self.REACHED in hunt.said, str(hunt)
        check_the_beginning_is_kept(redrive, redrive.folder / "traces" / "sh-1.redrive", self.REACHED)


class TestFullDisk:
    NO_SPACE = b"cannot be written: No space left on device"

    @pytest.fixture
    def small_disk(self, redrive: Redrive) -> Redrive:
        """Redrive where the folder `disk` is a file system of two MiB, and is left in the folder `kept`."""
        unshare = ["unshare", "--mount", "--map-root-user"]
        disk, kept = redrive.folder / "disk", redrive.folder / "kept"
        disk.mkdir()
        mount = f"mount -t tmpfs -o size=2m none {disk}"
        if subprocess.run([*unshare, "sh", "-c", mount], capture_output=True).returncode:
            pytest.skip("this machine does not let us mount a small tmpfs")
        around = f'{mount} || exit 99; "$@"; status=$?; cp -r {disk} {kept}; exit $status'
        return redrive.behind(*unshare, "sh", "-c", around, "sh")

    @pytest.mark.parametrize(("on_full", "status"), [("continue", 5), ("stop", 1)])
    def test_the_archive_is_closed_in_what_room_there_is(
        self, redrive: Redrive, small_disk: Redrive, on_full: str, status: int
    ) -> None:
        flood = FLOOD if on_full == "continue" else ENDLESS
        run = small_disk.run("record", "-o", "disk/trace", f"--on-full={on_full}", "--", "sh", "-c", flood)
        assert run.status == status and self.NO_SPACE in run.said, str(run)
        assert run.stdout == (b"over\n" if on_full == "continue" else b"")
        check_the_beginning_is_kept(redrive, redrive.folder / "kept" / "trace", self.NO_SPACE)
