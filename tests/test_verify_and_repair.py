"""`verify` names each damaged place, and `repair` keeps what is whole."""

from __future__ import annotations

from pathlib import Path

from tests.command_line import Ask
from tests.fuzz import mutations
from tests.redrive_command import Redrive
from tests.sample_archive import EVENTS


class TestVerify:
    def test_a_whole_archive(self, ask: Ask, archive: Path) -> None:
        ended = ask("verify", archive)
        assert (ended.status, ended.stderr) == (0, "")
        shown = dict(line.split(None, 1) for line in ended.stdout.splitlines())
        assert shown["events"] == str(len(EVENTS))
        assert shown["blobs"] == "0"
        assert shown["ended"] == "The recording is complete."
        assert shown["verdict"] == "whole"

    def test_one_that_was_not_closed_is_whole(self, ask: Ask, archive: Path, tmp_path: Path) -> None:
        cut = tmp_path / "cut.redrive"
        cut.write_bytes(archive.read_bytes()[:-60])
        ended = ask("verify", cut)
        assert (ended.status, ended.stderr) == (0, "")
        assert "\nverdict      whole, but not closed\n" in ended.stdout
        assert "of a frame that was never written to its end" in ended.stdout

    def test_each_damaged_place_is_named(self, ask: Ask, archive: Path, tmp_path: Path) -> None:
        damaged = tmp_path / "damaged\x1b.redrive"
        data = bytearray(archive.read_bytes())
        data[data.index(b"\xf5RDF\x02") + 50] ^= 1
        damaged.write_bytes(data)
        ended = ask("verify", damaged)
        assert (ended.status, ended.stderr) == (1, "")
        first, *lines = ended.stdout.splitlines()
        offset = data.index(b"\xf5RDF\x02")
        assert first == f"{tmp_path}/damaged\\x1b.redrive: the frame at offset {offset} does not have its checksum"
        assert lines[-2:] == ["lost         10 events and 0 blobs at least", "verdict      damaged in 1 place"]


class TestRepair:
    def test_what_is_whole_is_replayed_to_where_it_ends(self, ask: Ask, redrive: Redrive) -> None:
        damaged, written = redrive.folder / "run.redrive", redrive.folder / "run-repaired.redrive"
        recorded = redrive.record(damaged, "sh", "-c", "echo one; sleep 0.4; echo two; sleep 0.4; echo three")
        assert recorded.status == 0, recorded
        lines = ask("dump", "--syscall", "write", damaged).stdout.splitlines()
        written_at = {line.split('"')[1]: int(line.split()[0]) for line in lines}
        data = bytearray(damaged.read_bytes())
        lost = next(
            frame
            for frame in mutations.frames_of(bytes(data))
            if frame.first_event <= written_at["three\\n"] < frame.first_event + frame.event_count
        )
        data[lost.stored_offset + 9] ^= 1
        damaged.write_bytes(data)

        assert ask("verify", damaged).status == 1
        ended = ask("repair", damaged)
        assert (ended.status, ended.stdout) == (0, "")
        assert ended.stderr.startswith(f"redrive: {lost.first_event} events and ")
        assert f" in {written}\n" in ended.stderr
        assert f"redrive: From event {lost.first_event} on it was lost: " in ended.stderr
        assert damaged.read_bytes() == data
        verified = ask("verify", written)
        assert (verified.status, verified.stdout.splitlines()[-1]) == (0, "verdict      whole")
        assert f"trace        From event {lost.first_event} on " in ask("info", written).stdout
        replay = ask("replay", written)
        assert replay.status == 0, replay
        assert replay.stdout == "".join(
            f"{word}\n" for word in ("one", "two") if written_at[f"{word}\\n"] < lost.first_event
        )
        assert f"the trace ends early: From event {lost.first_event} on " in replay.stderr

    def test_nothing_is_overwritten(self, ask: Ask, archive: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.write_bytes(b"precious")
        for arguments in ([archive, "-o", other], [archive, "-o", archive]):
            ended = ask("repair", *arguments)
            assert ended.status == 1
            assert "exists already" in ended.stderr
        assert other.read_bytes() == b"precious"
        assert ask("repair", archive, "-o", tmp_path / "no" / "folder").status == 1
        assert ask("repair", archive, "-o", tmp_path / "new").status == 0
        assert ask("dump", tmp_path / "new").stdout == ask("dump", archive).stdout
