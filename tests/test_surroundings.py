"""Where a recorded program finds itself: nothing of the recorder's shows there, and nothing of the caller's is lost.

programs/surroundings.c writes down what it inherits and finds around it, natively and under record, behind launchers
that give it unusual surroundings.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.redrive_command import DEADLINE, Redrive

SHOWS = {
    "personality": "address space randomisation is off",
    "leads its group": "the recorder does, as it is the job's first process",
    "leads its session": "the recorder does",
    "/proc/self/status TracerPid": "",
    "/proc/self/status NoNewPrivs": "a filter needs it",
    "/proc/self/status Seccomp": "",
    "/proc/self/status Seccomp_filters": "",
}
"""What a program can see of being recorded, among what surroundings.c looks at: docs/determinism.md has the list."""

UNUSUAL_SIGNALS = """
import os, signal, sys
for number in (signal.SIGCHLD, signal.SIGALRM, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR2, signal.SIGRTMIN + 3):
    signal.signal(number, signal.SIG_IGN)
for number in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)
blocked = (signal.SIGALRM, signal.SIGCHLD, signal.SIGINT, signal.SIGUSR1, signal.SIGRTMIN)
signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
os.execvp(sys.argv[1], sys.argv[1:])
"""
TIMERS = """
import os, signal, sys
for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
    signal.setitimer(timer, 1000, 7.25)
for number in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""
FOUND_BY = (f"PYTHONPATH={os.environ['PYTHONPATH']}",) if "PYTHONPATH" in os.environ else ()
"""How Redrive is found where it is not installed into the Python that runs these tests."""
LAUNCHERS = {
    "none": (),
    "no stdin": ("sh", "-c", 'exec "$@" 0<&-', "sh"),
    "no stdout": ("sh", "-c", 'exec "$@" 1>&-', "sh"),
    "no stderr": ("sh", "-c", 'exec "$@" 2>&-', "sh"),
    "no standard descriptor": ("sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"),
    "more descriptors": ("bash", "-c", 'exec "$@" 3</dev/zero 7<>/dev/null 23>>/dev/null 200>&1', "bash"),
    "descriptors in the place of ours": ("bash", "-c", 'exec "$@" 3>&1 4>&1 5>&1 6>&1 7>&1 8>&1 9>&1 2>&-', "bash"),
    "the background": ("sh", "-c", '"$@" & wait $!', "sh"),
    "signals": (sys.executable, "-c", UNUSUAL_SIGNALS),
    "timers": (sys.executable, "-c", TIMERS),
    "nohup": ("nohup",),
    "timeout": ("timeout", "1000"),
    "nice": ("nice", "-n", "7"),
    "umask and cwd": ("sh", "-c", 'umask 027; mkdir -p a/b; cd a/b; exec "$@"', "sh"),
    "limits": ("bash", "-c", 'ulimit -n 200; ulimit -c 0; ulimit -Ss 4096; exec "$@"', "bash"),
    "an environment without a locale": ("env", "-i", "A=1", "NOTHING=", "A=2", "PATH=/usr/bin:/bin", *FOUND_BY),
    "xargs": ("sh", "-c", 'echo it | xargs -I{} -P2 "$@"', "sh"),
    "make": ("bash", "-c", 'printf "all:\\n\\t+%s\\n" "${*@Q}" | make -s -j3 -f -', "bash"),
}


def report(path: Path) -> dict[str, str]:
    """What surroundings.c has written, by subject."""
    lines = (line.partition(":") for line in path.read_text().splitlines())
    return {subject: value for subject, _, value in lines}


@pytest.mark.parametrize("launcher_name", LAUNCHERS)
def test_nothing_of_ours_shows(redrive: Redrive, launcher: Callable[[str], Path], launcher_name: str) -> None:
    program = launcher("surroundings")
    surroundings = {
        name: value for name, value in redrive.environment.items() if name not in ("FIXTURE_RECORDED", "LC_ALL", "LANG")
    }
    there = replace(redrive, environment=surroundings, launcher=LAUNCHERS[launcher_name])
    result, archive = redrive.folder / "result", redrive.folder / "trace"
    native = there.native(program, result)
    assert native.status == 0, str(native)
    natively = report(result)
    result.unlink()
    recording = there.record(archive, program, result)
    assert recording.status == 0, str(recording)
    recorded = report(result)

    subjects = [subject for subject in {**natively, **recorded} if natively.get(subject) != recorded.get(subject)]
    differences = {subject: (natively.get(subject), recorded.get(subject)) for subject in subjects}
    assert "/proc/self/status TracerPid" in differences, "it must have been recorded"
    assert {subject: found for subject, found in differences.items() if subject not in SHOWS} == {}
    result.unlink()
    replay = there.run("replay", archive)
    assert replay.status == 0, str(replay)
    assert not result.exists()


def shell(redrive: Redrive, script: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A script in which ``$redrive`` is Redrive."""
    words = redrive.folder / "redrive"
    words.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in redrive.command) + ' "$@"\n')
    words.chmod(0o755)
    environment = {**redrive.environment, "redrive": str(words)}
    command = ["bash", "-c", script]
    return subprocess.run(
        command, cwd=redrive.folder, env=environment, input=stdin, capture_output=True, timeout=DEADLINE, check=False
    )


def recordings(redrive: Redrive) -> list[str]:
    """What `redrive ls` says of each archive, without its name and size."""
    listed = redrive.run("ls").stdout.decode().splitlines()
    return [re.split(r"  +", line, maxsplit=2)[-1] for line in listed]


@contextmanager
def begun(redrive: Redrive, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A recording in a session of its own, whose program has written "begun".  It is not left behind."""
    process = subprocess.Popen(
        [*redrive.command, "record", "-o", "trace", *arguments],
        cwd=redrive.folder,
        env=redrive.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        yield process
    finally:
        process.kill()
        process.communicate()


class TestInShells:
    def test_in_the_middle_of_a_pipeline(self, redrive: Redrive) -> None:
        ended = shell(redrive, "seq 1000 | $redrive record -o trace grep 7 | wc -l; echo ${PIPESTATUS[@]}")
        assert ended.stdout == b"271\n0 0 0\n", ended
        assert redrive.run("replay", redrive.folder / "trace").stdout.count(b"\n") == 271

    def test_a_reader_that_goes_away(self, redrive: Redrive) -> None:
        ended = shell(redrive, "$redrive record -o trace yes | head -n 2; echo ${PIPESTATUS[0]}")
        assert ended.stdout == b"y\ny\n141\n", ended
        assert redrive.run("replay", redrive.folder / "trace").status == 0

    def test_only_what_the_program_reads_is_taken_from_stdin(self, redrive: Redrive) -> None:
        ended = shell(redrive, "$redrive record -o trace head -c 4; cat", b"one\ntwo\n")
        assert ended.stdout == b"one\ntwo\n", ended

    def test_parallel_jobs_of_xargs(self, redrive: Redrive) -> None:
        ended = shell(redrive, """seq 6 | xargs -P3 -I{} $redrive record sh -c 'sleep 0.1; echo {}'""")
        assert sorted(ended.stdout.split()) == [b"1", b"2", b"3", b"4", b"5", b"6"], ended
        assert len([line for line in recordings(redrive) if "exit 0" in line]) == 6

    def test_parallel_jobs_of_make(self, redrive: Redrive) -> None:
        (redrive.folder / "Makefile").write_text(
            "all: 1 2 3 4\n1 2 3 4:\n\t+@$$redrive record make -s -C. inner-$@\ninner-%:\n\t@sleep 0.1; echo $*\n"
        )
        ended = shell(redrive, "make -j3")
        assert ended.returncode == 0, ended
        assert b"jobserver unavailable" not in ended.stderr
        assert sorted(word for word in ended.stdout.split() if word.isdigit()) == [b"1", b"2", b"3", b"4"], ended
        assert len([line for line in recordings(redrive) if "exit 0" in line]) == 4

    def test_the_interrupts_that_a_background_job_ignores(self, redrive: Redrive) -> None:
        ended = shell(
            redrive,
            """$redrive record -o trace sh -c 'echo > begun; until [ -e go ]; do sleep 0.05; done; exit 9' &
            until [ -e begun ]; do sleep 0.05; done
            kill -INT $! $(pgrep -P $!); kill -QUIT $! $(pgrep -P $!); > go; wait $!; echo $?""",
        )
        assert ended.stdout == b"9\n", ended

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2])
    def test_a_signal_to_the_recorders_own_pid_is_meant_for_the_program(
        self, redrive: Redrive, number: signal.Signals
    ) -> None:
        script = f"trap 'echo came; sleep 0.3; exit 5' {number.name[3:]}; echo begun; while :; do sleep 0.05; done"
        with begun(redrive, "--verify", "sh", "-c", script) as process:
            process.send_signal(number)
            stdout, said = process.communicate(timeout=DEADLINE)
        assert (process.returncode, stdout) == (5, b"came\n"), said.decode()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGUSR1])
    def test_a_signal_to_the_group_reaches_the_program_once(self, redrive: Redrive, number: signal.Signals) -> None:
        script = f"trap 'echo came' {number.name[3:]}; echo begun; until [ -e go ]; do read -t 0.05 none; done; exit 5"
        with begun(redrive, "bash", "-c", script) as process:
            assert process.stdout is not None
            os.killpg(process.pid, number)
            assert process.stdout.readline() == b"came\n"
            time.sleep(0.5)
            (redrive.folder / "go").touch()
            stdout, _ = process.communicate(timeout=DEADLINE)
        assert (process.returncode, stdout) == (5, b"")

    @pytest.mark.parametrize("number", [1, 2, 3, 6, 7, 10, 11, 14, 15, 24, 31, 34, 64])
    def test_a_signal_of_the_programs_to_its_own_group(self, redrive: Redrive, number: int) -> None:
        """In which the recorder is."""
        script = f"trap 'echo came' {number}; kill -{number} 0; echo went on; exit 5"
        recording = redrive.behind("setsid", "-w").record(redrive.folder / "trace", "bash", "-c", script)
        assert (recording.status, recording.stdout) == (5, b"came\nwent on\n"), str(recording)
        redrive.replay_repeats(redrive.folder / "trace", recording)

    def test_signals_to_the_recorders_pid_one_after_the_other(self, redrive: Redrive) -> None:
        """Real-time ones are queued: none is lost."""
        script = """
            import signal
            signal.pthread_sigmask(signal.SIG_BLOCK, [40])
            print("begun", flush=True)
            for _ in range(4):
                signal.sigwait([40])
        """
        with begun(redrive, sys.executable, "-c", textwrap.dedent(script)) as process:
            for _ in range(4):
                process.send_signal(40)
                time.sleep(0.02)
            process.communicate(timeout=DEADLINE)
        assert process.returncode == 0

    @pytest.mark.parametrize("how", ["SIG_BLOCK", "SIG_IGN"])
    def test_a_segmentation_fault_that_is_blocked_or_ignored(self, redrive: Redrive, how: str) -> None:
        """The tracer needs that signal itself."""
        act = "pthread_sigmask(signal.SIG_BLOCK, [11])" if how == "SIG_BLOCK" else "signal(11, signal.SIG_IGN)"
        script = f"import os, signal, sys; signal.{act}; os.execvp(sys.argv[1], sys.argv[1:])"
        without_handler = {**redrive.environment, "PYTHONFAULTHANDLER": ""}
        there = replace(redrive.behind(sys.executable, "-c", script), environment=without_handler)
        recording = there.record(redrive.folder / "trace", "cat", "/proc/self/status")
        assert recording.status == 0, str(recording)
        ignored = re.search(rb"SigIgn:\s*(\w+)", recording.stdout)
        assert ignored is not None and bool(int(ignored[1], 16) & 1 << 10) == (how == "SIG_IGN")
        there.replay_repeats(redrive.folder / "trace", recording)

    def test_a_program_that_ends_its_own_group(self, redrive: Redrive) -> None:
        # bash's child takes SIGTERM as bash does until it has become sleep.
        script = "trap 'kill 0' EXIT; sleep 1000 & sleep 0.5; echo done"
        recording = redrive.behind("setsid", "-w").record(redrive.folder / "trace", "bash", "-c", script)
        # setsid exits with the number.
        assert (recording.status, recording.stdout) == (signal.SIGTERM, b"done\n"), str(recording)
        assert b"The recording is complete" in redrive.run("info", redrive.folder / "trace").stdout

    def test_interrupts_until_it_has_ended_leave_the_archive_whole(self, redrive: Redrive) -> None:
        script = "trap '' INT; echo > begun; head -c 60M /dev/urandom; exit 4"
        command = [*redrive.command, "record", "-o", redrive.folder / "trace", "sh", "-c", script]
        environment = dict(redrive.environment)
        process = subprocess.Popen(command, cwd=redrive.folder, env=environment, stdout=subprocess.DEVNULL)
        while not (redrive.folder / "begun").exists():
            time.sleep(0.01)
        while process.poll() is None:
            # More often would leave no time for anything else.
            process.send_signal(signal.SIGINT)
            time.sleep(0.002)
        # It is like other programs again once the archive is closed.
        assert process.returncode in (4, -signal.SIGINT)
        assert b"The recording is complete" in redrive.run("info", redrive.folder / "trace").stdout

    def test_nohup(self, redrive: Redrive) -> None:
        ended = shell(
            redrive,
            """nohup $redrive record -o trace sh -c 'echo > begun; until [ -e go ]; do sleep 0.05; done; exit 9' &
            until [ -e begun ]; do sleep 0.05; done
            kill -HUP $! $(pgrep -P $!); > go; wait $!; echo $?""",
        )
        assert ended.stdout == b"9\n", ended
        assert redrive.run("replay", redrive.folder / "trace").status == 0

    def test_timeout_ends_it_and_what_there_is_replays(self, redrive: Redrive) -> None:
        ended = shell(
            redrive,
            """timeout 1000 $redrive record -o trace sh -c 'echo out; echo > begun; sleep 1000' &
            until [ -e begun ]; do sleep 0.05; done
            kill -TERM $!; wait $!""",  # It does the same when its time is over.
        )
        assert ended.stdout == b"out\n", ended
        replay = redrive.run("replay", redrive.folder / "trace")
        assert (replay.status, replay.stdout) == (0, b"out\n"), str(replay)
        # timeout sends it to the program too: when that has ended of it first, the recording is complete.
        assert b"SIGTERM" in replay.said + redrive.run("ps", redrive.folder / "trace").stdout

    def test_an_alarm_that_was_set_before(self, redrive: Redrive) -> None:
        alarm = "import os, signal, sys; signal.alarm(1); os.execvp(sys.argv[1], sys.argv[1:])"
        recording = redrive.behind(sys.executable, "-c", alarm).record(redrive.folder / "trace", "sleep", "1000")
        assert recording.status == -signal.SIGALRM, str(recording)

    def test_children_are_not_collected_by_the_kernel(self, redrive: Redrive) -> None:
        ignoring = "import os, signal, sys; signal.signal(17, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])"
        there = redrive.behind(sys.executable, "-c", ignoring)
        recording = there.record(redrive.folder / "trace", "bash", "-c", "echo out; exit 6")
        assert recording.status == 6, str(recording)
        there.replay_repeats(redrive.folder / "trace", recording)

    @pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&-", "0<&- 1>&- 2>&-"])
    def test_closed_descriptors_of_every_command(self, redrive: Redrive, closed: str) -> None:
        assert (
            shell(redrive, f"$redrive record -o trace sh -c 'echo out; echo err >&2; exit 3' {closed}").returncode == 3
        )
        for command in ("info", "ps", "dump", "replay"):
            ended = shell(redrive, f"$redrive {command} trace {closed}")
            assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False), ended
        assert shell(redrive, f"$redrive hunt --runs 2 sh -c 'exit 3' {closed}").returncode == 1

    def test_a_directory_that_is_gone(self, redrive: Redrive) -> None:
        script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
        recording = redrive.behind("sh", "-c", script, "-").record(redrive.folder / "trace", "echo", "here")
        assert (recording.status, recording.stdout) == (0, b"here\n"), str(recording)
        redrive.replay_repeats(redrive.folder / "trace", recording)

    def test_a_mapped_file_that_is_open_for_writing_already(self, redrive: Redrive) -> None:
        script = (
            "import mmap, os\n"
            "os.ftruncate(5, 9)\n"
            "mapped = mmap.mmap(5, 9, prot=mmap.PROT_READ)\n"
            "print(mapped[:])\n"
            "os.pwrite(5, b'changed', 0)\n"
            "print(mapped[:])"
        )
        behind = redrive.behind("sh", "-c", 'exec "$@" 5<>inherited', "-")
        recording = behind.record(redrive.folder / "trace", sys.executable, "-c", script)
        assert recording.status == 0 and b"changed" in recording.stdout, str(recording)
        redrive.replay_repeats(redrive.folder / "trace", recording)

    def test_no_file_of_ours_becomes_a_standard_descriptor(self, redrive: Redrive) -> None:
        look = "cd /proc/$PPID/fd; readlink 0 1 2 > $OLDPWD/found"
        shell(redrive, f"$redrive record -o trace sh -c '{look}' 0<&- 1>&- 2>&-")
        assert (redrive.folder / "found").read_text() == "/\n/\n/\n"
