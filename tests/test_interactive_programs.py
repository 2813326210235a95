"""Programs that people sit before, driven through a pseudo-terminal: recorded by a shell's command, and replayed.

The shell is an interactive bash, as job control needs one that waits for the recorder and sees it stop.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import signal
import time
from collections.abc import Iterator

import pexpect
import pytest

from tests.processes import name_and_state, processes_in, until
from tests.redrive_command import DEADLINE, OWN_WORDS, Redrive

PROMPT = "outer> "
PACKAGES = {"bash": "bash", "less": "less", "python3": "python3", "tmux": "tmux", "top": "procps", "vim": "vim"}
ROWS, COLUMNS = 24, 80
LARGER = (31, 97)
"""Rows and columns that a terminal is given while a program runs."""


class Terminal:
    """A pseudo-terminal with a shell on it, where ``./recording`` is `redrive record -o trace -- CMD`."""

    def __init__(self, redrive: Redrive) -> None:
        self._redrive = redrive
        folder = redrive.folder
        self.archive = folder / "trace"
        (folder / "inputrc").write_text("set enable-bracketed-paste off\n")
        self.seen = io.BytesIO()
        self._shell = pexpect.spawn(
            "/bin/bash",
            ["--norc", "--noprofile"],
            cwd=str(folder),
            env={
                # An activated environment may have exported its prompt.
                **{name: value for name, value in redrive.environment.items() if name != "PS1"},
                "TERM": "xterm",
                "INPUTRC": str(folder / "inputrc"),
            },
            dimensions=(ROWS, COLUMNS),
            timeout=DEADLINE,
            preexec_fn=_heed_keys,
        )
        self._shell.logfile_read = self.seen
        # Spelt so that the echo of the command is not taken for the prompt.
        self.type("PS1='out''er> '\r")
        self.shows(PROMPT)
        self.modes = self.asks("stty -g")

    def type(self, keys: str) -> None:
        """Press keys; a line ends with \\r, as the Enter key sends it."""
        self._shell.send(keys)

    def shows(self, pattern: str) -> re.Match[bytes]:
        """Wait until the terminal has shown a pattern after all that has been waited for before."""
        self._shell.expect(pattern.encode())
        match = self._shell.match
        assert isinstance(match, re.Match)
        return match

    def shows_after_keys(self, pattern: str, key: str) -> None:
        """As shows, but press a key each second until then."""
        give_up = time.monotonic() + DEADLINE
        while self._shell.expect([pattern.encode(), pexpect.TIMEOUT], timeout=1) == 1:
            assert time.monotonic() < give_up
            self.type(key)

    def asks(self, command: str) -> str:
        """What a command of the shell prints, in one line."""
        self.type(f"echo '<'$({command})'>'\r")
        return self.shows(r"\n<([^\r]*)>\r\n" + PROMPT)[1].decode()

    def resize(self, rows: int, columns: int) -> None:
        """As a window's frame is dragged: the foreground group gets SIGWINCH."""
        self._shell.setwinsize(rows, columns)

    def waits_for_keys(self, name: str) -> None:
        """Wait until a recorded program of this name sleeps, and not because nobody reads what it writes."""
        until(lambda: not self._reads_more() and self._sleeps(name))

    def _sleeps(self, name: str) -> bool:
        return any(name_and_state(pid) == (name, "S") for pid in processes_in(self._redrive.folder))

    def _reads_more(self) -> bool:
        """Whether the terminal shows more within a moment; it stays there for what is waited for next."""
        before = self.seen.tell()
        self._shell.expect([pexpect.TIMEOUT], timeout=0.1)
        return self.seen.tell() > before

    def record(self, command: str, suffix: str = "") -> None:
        """Start a recording from the shell; ``suffix`` goes behind the command."""
        # A short line to type: a long one would be wrapped, and would hold what the program is to show.
        script = self._redrive.folder / "recording"
        words = f"{shlex.join(self._redrive.command)} record -o {self.archive}"
        script.write_text(f"#!/bin/sh\nexec {words} -- {command}\n")
        script.chmod(0o755)
        self.type(f"./recording{suffix}\r")
        self.shows(r"recording[^\r]*\r\n")
        self.seen.truncate(0)
        self.seen.seek(0)

    def stopped(self) -> None:
        """The shell says that its job has stopped."""
        self.shows(r"Stopped.*recording")
        self.shows(PROMPT)

    def ended(self, status: int) -> None:
        """The shell is back, its command has ended with ``status``, and the terminal is as it was before."""
        self.shows(PROMPT)
        shown = self.seen.getvalue()
        assert int(self.asks("echo $?")) == status, shown[-2000:].decode(errors="replace")
        assert self.asks("stty -g") == self.modes
        assert "complete" in self._redrive.run("info", self.archive).stdout.decode()

    def screen(self) -> bytes:
        """What the recorded program and the terminal's echo have shown, without Redrive's words and the shell's."""
        return self.seen.getvalue().partition(b"redrive: ")[0].replace(b"\r", b"")

    def replay(self) -> bytes:
        """What a replay shows, which must be exact; stdout and stderr in one, as on the terminal."""
        run = self._redrive.behind("sh", "-c", '"$@" 2>&1', "sh").run("replay", self.archive)
        assert run.status == 0, str(run)
        return OWN_WORDS.sub(b"", run.stdout).replace(b"\r", b"")

    def close(self) -> None:
        """Hang up."""
        self._shell.close(force=True)


def _heed_keys() -> None:
    """In the shell, before it starts: tests that run in the background of another shell inherit these ignored."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def terminal(redrive: Redrive) -> Iterator[Terminal]:
    terminal = Terminal(redrive)
    try:
        yield terminal
    finally:
        terminal.close()


def needs(*programs: str) -> None:
    """Skips the test when one of these programs is missing."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"needs the package {PACKAGES[program]}")


class TestPrograms:
    def test_bash_with_jobs_and_a_password(self, terminal: Terminal) -> None:
        terminal.record("bash --norc --noprofile")
        terminal.shows(r"bash-\S+ ")
        terminal.type("PS1='in''ner> '\r")
        terminal.shows("inner> ")
        # Each key waits for the program's own words: before it has the terminal, the shell would get the key.
        terminal.type("sh -c 'echo re''ady; exec cat'\r")
        terminal.shows("ready\r\n")
        terminal.type("once\r")
        terminal.shows("once\r\nonce\r\n")
        terminal.type("\x1a")
        terminal.shows(r"Stopped +sh -c [^\r]*\r\n")
        terminal.shows("inner> ")
        terminal.type("bg; jobs\r")
        terminal.shows(r"\[1\]\+ sh -c [^\r]* &\r\n")
        terminal.shows("inner> ")
        terminal.type("fg\r")
        terminal.shows(r"fg\r\nsh -c [^\r]*\r\n")
        terminal.type("twice\r")
        terminal.shows("twice\r\ntwice\r\n")
        terminal.type("\x03")
        terminal.shows("inner> ")
        terminal.type("echo ended with $?; read -s -p 'pass''word: ' it; echo; echo ${#it} letters\r")
        terminal.shows("ended with 130\r\n")
        terminal.shows("password: ")
        terminal.type("tOpSeCrEt\r")
        terminal.shows("9 letters\r\n")
        terminal.shows("inner> ")
        terminal.resize(*LARGER)
        terminal.type("stty size\r")
        terminal.shows("31 97\r\n")
        terminal.shows("inner> ")
        terminal.type("exit 3\r")
        terminal.ended(3)
        replayed = terminal.replay()
        for text in (b"Stopped", b"ended with 130\n", b"9 letters\n", b"31 97\n"):
            assert text in replayed
        assert b"tOpSeCrEt" not in terminal.screen()
        assert b"tOpSeCrEt" not in replayed

    def test_what_is_typed_without_echo_is_in_the_archive(self, terminal: Terminal, redrive: Redrive) -> None:
        terminal.record("""bash -c 'read -s -p "password: " it; echo; echo ${#it}'""")
        terminal.shows("password:")
        terminal.type("tOpSeCrEt\r")
        terminal.ended(0)
        assert terminal.replay() == b"password: \n9\n"
        typed = redrive.run("dump", "--syscall", "read", terminal.archive).stdout
        assert b"tOpSeCrEt" in typed

    def test_vim(self, terminal: Terminal, redrive: Redrive) -> None:
        needs("vim")
        terminal.record("vim -u NONE -i NONE written")
        terminal.shows(r'"written"')
        terminal.type("ione line\r")
        # When vim is kept from the CPU for some 20 ms while it takes that in, it waits for a key before it shows it.
        terminal.shows_after_keys("one line", "\x1b")
        terminal.resize(*LARGER)
        terminal.shows(r"\x1b\[30;1H~")
        terminal.type("\x1b:echo 'size' &lines &columns\r")
        terminal.shows("size 31 97")
        terminal.type(":wq\r")
        terminal.ended(0)
        assert (redrive.folder / "written").read_text() == "one line\n\n"
        (redrive.folder / "written").unlink()
        assert terminal.replay() == terminal.screen()

    def test_less(self, terminal: Terminal, redrive: Redrive) -> None:
        needs("less")
        (redrive.folder / "text").write_text("".join(f"line {number}\n" for number in range(500)))
        terminal.record("less text")
        terminal.shows("line 22\r\n")
        terminal.type(" ")
        terminal.shows("line 45\r\n")
        # A SIGWINCH before less has come to wait is looked at after the next key only.
        terminal.waits_for_keys("less")
        terminal.resize(*LARGER)
        terminal.shows("line 52\r\n")
        terminal.type("/line 333\r")
        terminal.shows("line 362\r\n")
        terminal.type("q")
        terminal.ended(0)
        assert terminal.replay() == terminal.screen()

    def test_top(self, terminal: Terminal) -> None:
        needs("top")
        # Its handler of SIGWINCH breaks off a write, and for that it ends with "write error", natively too.
        terminal.record("top -d 60")
        terminal.shows("PID USER")
        terminal.waits_for_keys("top")
        terminal.resize(*LARGER)
        terminal.shows("%Cpu")
        terminal.type("d")
        terminal.shows("Change delay from 60.0 to")
        terminal.type("0.2\r")
        terminal.shows("%Cpu")
        terminal.type("q")
        terminal.ended(0)
        assert terminal.replay() == terminal.screen()

    def test_python(self, terminal: Terminal) -> None:
        needs("python3")
        terminal.record(f"{shutil.which('python3', path='/usr/bin') or 'python3'} -q")
        terminal.shows(">>> ")
        terminal.type("2 ** 70\r")
        terminal.shows("1180591620717411303424\r\n>>> ")
        terminal.type("while True: pass\r")
        terminal.shows(r"\.\.\. ")
        terminal.type("\r")
        terminal.shows("\r\n")
        terminal.type("\x03")
        terminal.shows("KeyboardInterrupt\r\n>>> ")
        terminal.type("import getpass, os; len(getpass.getpass('pass' 'word: '))\r")
        terminal.shows("password: ")
        terminal.type("tOpSeCrEt\r")
        terminal.shows("9\r\n>>> ")
        terminal.resize(*LARGER)
        terminal.type("tuple(os.get_terminal_size())\r")
        terminal.shows(r"\(97, 31\)\r\n>>> ")
        terminal.type("\x04")
        terminal.ended(0)
        replayed = terminal.replay()
        assert b"KeyboardInterrupt\n" in replayed and b"(97, 31)\n" in replayed
        assert b"tOpSeCrEt" not in replayed

    @staticmethod
    def command(terminal: Terminal, words: str) -> None:
        """Give tmux a command, key by key: what comes faster it takes for pasted text (assume-paste-time)."""
        terminal.type("\x02")
        terminal.type(":")
        terminal.shows(r"\x1b\[31;2H")
        terminal.type(words)
        terminal.type("\r")

    def test_tmux(self, terminal: Terminal) -> None:
        needs("tmux")
        terminal.record("tmux -S socket -f /dev/null new bash --norc --noprofile")
        terminal.shows(r"bash-\S+ ")
        terminal.type("echo $((6 * 7)) here\r")
        terminal.shows("42 here")
        terminal.resize(*LARGER)
        self.command(terminal, "split-window 'stty size; read line'")
        terminal.shows(r"1\d 97")
        terminal.type("\r")
        self.command(terminal, "new-window 'stty size; read line'")
        terminal.shows("30 97")
        terminal.type("\r")
        self.command(terminal, "kill-session")
        terminal.ended(0)
        assert terminal.replay() == terminal.screen()


class TestSignalsOfTheTerminal:
    @pytest.mark.parametrize(
        ("key", "number"), [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)], ids=["Ctrl-C", "Ctrl-\\"]
    )
    def test_a_key_ends_the_program_and_the_archive_is_whole(
        self, terminal: Terminal, key: str, number: signal.Signals
    ) -> None:
        # No shell: dash and bash lose an interrupt that comes between their fork and execve.
        terminal.record("sh -c 'echo ready; exec cat'")
        terminal.shows("ready\r\n")
        terminal.type("a line\r")
        terminal.shows("a line\r\na line\r\n")
        terminal.type(key)
        terminal.ended(128 + number)
        assert terminal.replay() == b"ready\na line\n"

    def test_the_program_handles_ctrl_c(self, terminal: Terminal) -> None:
        terminal.record("""bash -c 'trap "echo caught; exit 7" INT; echo ready; while :; do read -t 0.1; done'""")
        terminal.shows("ready\r\n")
        terminal.type("\x03")
        terminal.ended(7)
        assert terminal.replay() == b"ready\ncaught\n"

    def test_the_program_ignores_ctrl_c(self, terminal: Terminal) -> None:
        terminal.record("""bash -c 'trap "" INT; echo ready; read line; echo it reads $line'""")
        terminal.shows("ready\r\n")
        terminal.type("\x03on\r")
        terminal.shows("it reads on\r\n")
        terminal.ended(0)
        assert terminal.replay() == b"ready\nit reads on\n"


class TestJobs:
    """What the outer shell sees when the recorded program stops."""

    def test_a_program_that_does_not_care(self, terminal: Terminal) -> None:
        terminal.record("""sh -c 'echo ready; cat; echo over; exit 5'""")
        terminal.shows("ready\r\n")
        for times in range(3):
            terminal.type("\x1a")
            terminal.stopped()
            terminal.type("fg\r")
            terminal.shows(r"recording[^\r]*\r\n")
            terminal.type(f"line {times}\r")
            terminal.shows(f"line {times}\r\nline {times}\r\n")
        terminal.type("\x04")
        terminal.shows("over\r\n")
        terminal.ended(5)
        assert terminal.replay() == b"ready\nline 0\nline 1\nline 2\nover\n"

    @pytest.mark.parametrize(
        ("program", "command", "drawn", "leave"),
        [
            ("less", "less text", "some text", "q"),
            ("vim", "vim -u NONE -i NONE text", "some text", ":q\r"),
        ],
    )
    def test_a_program_that_puts_its_terminal_in_order_first(
        self, terminal: Terminal, redrive: Redrive, program: str, command: str, drawn: str, leave: str
    ) -> None:
        needs(program)
        (redrive.folder / "text").write_text("some text\n")
        terminal.record(command)
        terminal.shows(drawn)
        for _ in range(2):
            terminal.type("\x1a")
            terminal.stopped()
            terminal.type("fg\r")
            terminal.shows(drawn)
        terminal.type(leave)
        terminal.ended(0)
        terminal.replay()

    def test_a_program_that_only_handles_it_does_not_stop(self, terminal: Terminal) -> None:
        terminal.record("""bash -c 'trap "echo handled" TSTP; echo ready; read line; echo it reads $line'""")
        terminal.shows("ready\r\n")
        terminal.type("\x1athis\r")
        terminal.shows("it reads this\r\n")
        terminal.ended(0)
        assert terminal.replay() == b"ready\nhandled\nit reads this\n"

    def test_the_last_of_its_group_ends_instead_of_stopping(self, terminal: Terminal) -> None:
        terminal.record("sh -c 'sleep 1 & kill -TSTP $$; echo it goes on; wait'")
        terminal.stopped()
        terminal.type("fg\r")
        terminal.shows("it goes on\r\n")
        terminal.ended(0)
        assert terminal.replay() == b"it goes on\n"

    def test_a_shell_that_suspends_itself(self, terminal: Terminal) -> None:
        terminal.record("bash --norc --noprofile")
        terminal.shows(r"bash-\S+ ")
        terminal.type("PS1='in''ner> '\r")
        terminal.shows("inner> ")
        terminal.type("suspend\r")
        terminal.stopped()
        terminal.type("fg\r")
        terminal.shows("inner> ")
        terminal.type("echo $((6 * 7)) here\r")
        terminal.shows("42 here\r\ninner> ")
        terminal.type("exit 4\r")
        terminal.ended(4)
        assert b"42 here\n" in terminal.replay()

    def test_in_the_background_it_stops_when_it_reads_the_terminal(self, terminal: Terminal) -> None:
        terminal.record("""sh -c 'echo ready; read line; echo it reads $line'""", " &")
        terminal.shows("ready\r\n")
        terminal.type("until jobs | grep -q Stopped; do sleep 0.1; done; echo it' has stopped'\r")
        terminal.shows("it has stopped\r\n")
        terminal.type("fg\r")
        terminal.shows(r"recording[^\r]*\r\n")
        terminal.type("this\r")
        terminal.shows("it reads this\r\n")
        terminal.ended(0)
        assert terminal.replay() == b"ready\nit reads this\n"

    def test_bg_lets_it_run_on(self, terminal: Terminal, redrive: Redrive) -> None:
        go = redrive.folder / "go"
        terminal.record(f"""sh -c 'echo ready; until [ -e {go} ]; do sleep 0.05; done; echo over'""")
        terminal.shows("ready\r\n")
        terminal.type("\x1a")
        terminal.stopped()
        terminal.type("bg\r")
        terminal.shows(r"recording[^\r]*\r\n")
        terminal.shows(PROMPT)
        go.write_text("")
        terminal.shows("over\r\n")
        terminal.type("wait\r")
        terminal.shows(PROMPT)
        assert terminal.asks("stty -g") == terminal.modes
        assert terminal.replay() == b"ready\nover\n"
