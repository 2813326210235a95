"""Programs that people run: recorded, replayed, and replayed again after the programs and their inputs are gone."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.redrive_command import Redrive, Run

PACKAGES = {
    "bash": "bash",
    "busybox": "busybox-static",
    "cp": "coreutils",
    "find": "findutils",
    "gcc": "gcc",
    "git": "git",
    "go": "golang-go",
    "grep": "grep",
    "gzip": "gzip",
    "ls": "coreutils",
    "make": "make",
    "musl-gcc": "musl-tools",
    "perl": "perl",
    "sha256sum": "coreutils",
    "sort": "coreutils",
    "sqlite3": "sqlite3",
    "tar": "tar",
    "xargs": "findutils",
    "xz": "xz-utils",
}
"""The Debian package of each program, for the reason of a skip."""


@dataclass(frozen=True)
class Workshop:
    """A folder ``work`` with the inputs and a folder ``bin`` with copies of the programs, both of which can go."""

    redrive: Redrive
    work: Path
    bin: Path

    def needs(self, *programs: str) -> None:
        """Skips the test when one of these programs is missing."""
        for program in programs:
            if shutil.which(program) is None:
                pytest.skip(f"needs the package {PACKAGES[program]}")

    def brings(self, *programs: str) -> None:
        """Copies these programs to ``bin``, which comes first in PATH."""
        self.needs(*programs)
        for program in programs:
            found = shutil.which(program)
            assert found is not None
            shutil.copy2(Path(found).resolve(), self.bin / program)

    def writes(self, files: Mapping[str, str]) -> None:
        """Puts files into ``work``."""
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def records(self, *command: str, status: int = 0, environment: Mapping[str, str] | None = None) -> Run:
        """Records the command in ``work``; it must end with ``status``."""
        path = f"{self.bin}:{os.environ['PATH']}"
        here = replace(
            self.redrive,
            folder=self.work,
            environment={**self.redrive.environment, "PATH": path, **(environment or {})},
        )
        recording = here.record(self.archive, *command)
        assert recording.status == status, str(recording)
        return recording

    def replays_without_inputs(self, recording: Run) -> None:
        """Replays, deletes what the recorded program was made of and worked on, and replays again."""
        self.redrive.replay_repeats(self.archive, recording)
        shutil.rmtree(self.work)
        shutil.rmtree(self.bin)
        self.redrive.replay_repeats(self.archive, recording)

    def threads(self) -> int:
        """How many threads the recorded programs started."""
        dump = self.redrive.run("dump", self.archive, "--syscall", "clone")
        assert dump.status == 0, str(dump)
        return dump.stdout.count(b"CLONE_THREAD")

    @property
    def archive(self) -> Path:
        """Where the recording goes."""
        return self.redrive.folder / "trace"


@pytest.fixture
def workshop(redrive: Redrive) -> Workshop:
    work, programs = redrive.folder / "work", redrive.folder / "bin"
    work.mkdir()
    programs.mkdir()
    return Workshop(redrive, work, programs)


def test_ls(workshop: Workshop) -> None:
    workshop.brings("ls")
    recording = workshop.records("ls", "-lR", "/usr/share")
    assert recording.stdout.count(b"\n") > 1000
    workshop.replays_without_inputs(recording)


def test_cp(workshop: Workshop) -> None:
    workshop.brings("cp")
    workshop.writes({f"from/{n % 20}/{n}": f"file {n}\n" * (n * n % 3000) for n in range(400)})
    recording = workshop.records("cp", "-rv", "from", "to")
    assert (workshop.work / "to/19/399").read_text() == (workshop.work / "from/19/399").read_text()
    assert recording.stdout.count(b" -> ") == 421
    workshop.replays_without_inputs(recording)


def test_sort_of_50_megabytes(workshop: Workshop) -> None:
    workshop.brings("sort")
    numbers = random.Random(4)
    line = numbers.randbytes(32).hex
    blocks = [f"{number:08x} {line()}\n" for number in (numbers.getrandbits(32) for _ in range(10_000))]
    with open(workshop.work / "lines", "w") as lines:
        for block in range(70):
            lines.writelines(f"{block ^ 21:02d}{text}" for text in blocks)
    assert (workshop.work / "lines").stat().st_size > 50 << 20
    recording = workshop.records("sort", "--parallel=4", "-S40M", "-o", "sorted", "lines")
    with open(workshop.work / "sorted") as lines:
        first, second = lines.readline(), lines.readline()
        assert first <= second and first.startswith("00")
    assert workshop.threads() >= 3
    workshop.replays_without_inputs(recording)


def test_sha256sum(workshop: Workshop) -> None:
    workshop.brings("sha256sum")
    content = random.Random(5).randbytes(20 << 20)
    (workshop.work / "bytes").write_bytes(content)
    recording = workshop.records("sha256sum", "bytes")
    assert recording.stdout.decode() == hashlib.sha256(content).hexdigest() + "  bytes\n"
    workshop.replays_without_inputs(recording)


BASH_SCRIPT = r"""#!/usr/bin/env bash
set -u
trap 'echo "exit trap, status $?"' EXIT
trap 'echo "caught USR1"' USR1
echo "shell $$ at $(date +%s.%N), random $RANDOM"
for ((i = 0; i < 300; i++)); do (exit $((i % 3))) || failed=$((${failed:-0} + 1)); done
echo "$failed of 300 failed"
seq 1 500 | sort -rn | awk '{ sum += $1 } END { print sum }'
cat <<END | tr a-z A-Z
here is $((6 * 7))
END
while read -r word; do echo "<$word>"; done < <(printf '%s\n' one two three)
for job in 3 1 2; do (sleep 0.0$job; echo "job $job" > job.$job) & done
wait
cat job.*
(kill -USR1 $$)
sleep 30 &
victim=$!
(kill -KILL $victim) &
wait $victim
echo "the victim ended with $?"
(cd /; pwd; exec bash -c 'echo "$0 $PPID"' replaced)
coproc cat
echo "through a coprocess" >&"${COPROC[1]}"
read -r answer <&"${COPROC[0]}"
echo "$answer"
false | true | (exit 7)
echo "${PIPESTATUS[*]}"
echo "to stderr" >&2
exit 5
"""


def test_bash_script(workshop: Workshop) -> None:
    workshop.brings("bash")
    workshop.writes({"script": BASH_SCRIPT})
    recording = workshop.records("bash", "script", status=5)
    for text in (
        b"200 of 300",
        b"125250",
        b"HERE IS 42",
        b"<three>",
        b"job 3",
        b"USR1",
        b"137",
        b"coprocess",
        b"1 0 7",
    ):
        assert text in recording.stdout, str(recording)
    workshop.replays_without_inputs(recording)


def test_make_and_gcc(workshop: Workshop) -> None:
    workshop.needs("gcc")
    workshop.brings("make")
    parts = range(6)
    workshop.writes(
        {
            **{f"part{n}.c": f"#include <stdio.h>\nint part{n}(int x) {{ return x * {n + 2}; }}\n" for n in parts},
            "main.c": "#include <stdio.h>\n"
            + "".join(f"int part{n}(int);\n" for n in parts)
            + f'int main(void) {{ printf("%d\\n", {" + ".join(f"part{n}(1)" for n in parts)}); return 0; }}\n',
            "Makefile": "OBJECTS := main.o " + " ".join(f"part{n}.o" for n in parts) + "\n"
            "program: $(OBJECTS)\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -O2 -c -o $@ $<\n",
        }
    )
    recording = workshop.records("make", "-j4")
    assert subprocess.check_output([workshop.work / "program"]) == b"27\n"
    workshop.replays_without_inputs(recording)


PYTHON_SCRIPT = r"""
import asyncio, json, os, random, socket, sqlite3, subprocess, sys, time

print("pid", os.getpid(), "time", time.time(), "random", random.random(), "id", id(object()), "hash", hash("text"))
shell = ["sh", "-c", "echo $$; read line; echo got $line"]
print(subprocess.run(shell, input="a line\n", capture_output=True, text=True).stdout)
database = sqlite3.connect("data.sqlite")
database.execute("create table numbers (n integer primary key, text)")
with database:
    database.executemany("insert into numbers values (?, ?)", ((n, "text %d" % n) for n in range(2000)))
print(database.execute("select sum(n), max(text) from numbers").fetchone())
print(json.dumps(json.loads('{"a": [1, 2.5, null]}'), indent=1))

async def echo(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()

async def client(port, number):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for i in range(5):
        writer.write(b"client %d line %d\n" % (number, i))
        await asyncio.sleep(0.001)
        assert await reader.readline() == b"CLIENT %d LINE %d\n" % (number, i)
    writer.close()

async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(client(port, number) for number in range(5)))
    child = await asyncio.create_subprocess_exec("echo", "from asyncio", stdout=asyncio.subprocess.PIPE)
    print(port, (await child.communicate())[0])
    server.close()

asyncio.run(main())
listening = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    with socket.create_connection(listening.getsockname()) as connection:
        connection.sendall(b"x" * 300000)
    os._exit(0)
connection, address = listening.accept()
total = 0
while part := connection.recv(65536):
    total += len(part)
os.wait()
print(total, address)
sys.exit(4)
"""


def test_python(workshop: Workshop) -> None:
    pytest.importorskip("sqlite3")
    workshop.writes({"script.py": PYTHON_SCRIPT})
    recording = workshop.records(sys.executable, "-I", "script.py", status=4)
    for text in (b"got a line", b"1999000", b"from asyncio", b"300000"):
        assert text in recording.stdout, str(recording)
    workshop.replays_without_inputs(recording)


def test_perl(workshop: Workshop) -> None:
    workshop.brings("perl")
    workshop.writes(
        {
            "script.pl": r"""
use strict; use warnings; use Time::HiRes qw(time); use IO::Handle;
printf "pid %d, time %.6f, random %.9f\n", $$, time, rand;
my %count; open my $in, '<', 'words' or die; while (<$in>) { $count{$_}++ for split } close $in;
print join(' ', map { "$_=$count{$_}" } sort keys %count), "\n";
pipe(my $read, my $write); my $child = fork // die;
if (!$child) { close $read; $write->print("from child $$\n"); $write->flush; exit 3 }
close $write; print scalar <$read>; waitpid $child, 0; print $? >> 8, "\n";
local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 20; }; print "ended by $@";
print `echo in backticks`; printf "%s\n", join ',', sort { $a <=> $b } map { $_ * $_ % 97 } 1 .. 200;
""",
            "words": "the quick brown fox jumps over the lazy dog\n" * 500,
        }
    )
    recording = workshop.records("perl", "script.pl")
    for text in (b"the=1000", b"from child", b"ended by alarm", b"in backticks"):
        assert text in recording.stdout, str(recording)
    workshop.replays_without_inputs(recording)


def test_git(workshop: Workshop) -> None:
    workshop.brings("git")
    workshop.writes({f"tree/{n % 10}/{n}": f"{n}\n" * 20 for n in range(500)})
    workshop.writes(
        {
            ".gitconfig": "[user]\nname = Somebody\nemail = somebody@example.com\n"
            "[pack]\nthreads = 4\n[index]\nthreads = 4\n[core]\npreloadIndex = true\n[gc]\nautoDetach = false\n",
            "script": "git init -q repository && cd repository && cp -r ../tree .\n"
            "git add .\ngit commit -q -m 'five hundred files'\necho changed > tree/7/7\ngit commit -qam 'one changed'\n"
            "git log --format='%h %ad %s'\ngit gc -q; git fsck; git count-objects -v; git status\n",
        }
    )
    recording = workshop.records("sh", "-e", "script", environment={"HOME": str(workshop.work)})
    assert b"one changed" in recording.stdout and b"in-pack: " in recording.stdout, str(recording)
    assert workshop.threads() >= 4
    workshop.replays_without_inputs(recording)


@pytest.mark.parametrize("program", ["gzip", "xz"])
def test_tar(workshop: Workshop, program: str) -> None:
    workshop.brings("tar", program)
    workshop.writes({f"tree/{n}": "".join(f"{i * n}\n" for i in range(2000)) for n in range(100)})
    script = f"tar --{program} -cf archive tree && rm -r tree && tar --{program} -xvf archive && ls -l archive"
    recording = workshop.records("sh", "-c", script, environment={"XZ_OPT": "-1 -T4 --block-size=256KiB"})
    assert (workshop.work / "tree/99").read_text().endswith(f"{1999 * 99}\n")
    assert recording.stdout.count(b"\n") == 102
    assert program == "gzip" or workshop.threads() >= 4
    workshop.replays_without_inputs(recording)


def test_find_xargs_grep(workshop: Workshop) -> None:
    workshop.brings("find", "xargs", "grep", "sort")
    script = (
        "find /usr/include -name '*.h' -print0 | xargs -0 -n 500 -P 2 grep -c '#define' | sort -t: -k2 -n | tail -20"
    )
    recording = workshop.records("sh", "-c", script)
    assert recording.stdout.count(b"\n") == 20
    workshop.replays_without_inputs(recording)


def test_static_busybox(workshop: Workshop) -> None:
    workshop.brings("busybox")
    script = """
        busybox date; busybox seq 1 2000 | busybox sort -rn | busybox head -3
        i=0; while [ $i -lt 20 ]; do (echo $i; exit 3); i=$((i + 1)); done | busybox wc -l
        busybox dd if=/dev/urandom bs=1k count=100 2>/dev/null | busybox md5sum; busybox ps > ps; echo $$
    """
    recording = workshop.records("busybox", "sh", "-c", script)
    assert b"2000\n1999\n1998\n20\n" in recording.stdout
    workshop.replays_without_inputs(recording)


def test_static_musl(workshop: Workshop) -> None:
    workshop.needs("musl-gcc")
    workshop.writes(
        {
            "program.c": """
                #include <stdio.h>
                #include <stdlib.h>
                #include <sys/wait.h>
                #include <time.h>
                #include <unistd.h>
                int main(void) {
                    struct timespec now;
                    clock_gettime(CLOCK_REALTIME, &now);
                    printf("%ld.%09ld %d %p\\n", (long)now.tv_sec, now.tv_nsec, getpid(), malloc(100000));
                    fflush(stdout);
                    if (fork() == 0) return system("exit 6") >> 8;
                    int status; wait(&status); return WEXITSTATUS(status); }
            """
        }
    )
    subprocess.run(
        ["musl-gcc", "-static", "-O2", "-o", workshop.work / "program", workshop.work / "program.c"], check=True
    )
    workshop.replays_without_inputs(workshop.records("./program", status=6))


GO_PROGRAM = r"""
package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"sync"
	"time"
)

func numbers(name string, first int, sums chan<- string) {
	file, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	out := bufio.NewWriter(file)
	for i := 0; i < 2000; i++ {
		fmt.Fprintln(out, first*i)
	}
	out.Flush()
	file.Close()
	content, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	sums <- fmt.Sprintf("%s %x", name, sha256.Sum256(content))
}

func main() {
	sums := make(chan string)
	var writers sync.WaitGroup
	for i := 1; i <= 12; i++ {
		writers.Add(1)
		go func(i int) {
			defer writers.Done()
			time.Sleep(time.Duration(i%3) * time.Millisecond)
			numbers(fmt.Sprint("numbers.", i), i, sums)
		}(i)
	}
	go func() { writers.Wait(); close(sums) }()
	for sum := range sums {
		fmt.Println(sum)
	}
	fmt.Println("pid", os.Getpid(), "at", time.Now().UnixNano())
}
"""


def test_static_go(workshop: Workshop) -> None:
    workshop.needs("go")
    workshop.writes({"program.go": GO_PROGRAM})
    choices = {"CGO_ENABLED": "0", "GO111MODULE": "off", "GOCACHE": str(workshop.redrive.folder / "go")}
    subprocess.run(["go", "build", "program.go"], cwd=workshop.work, env={**os.environ, **choices}, check=True)
    recording = workshop.records("./program")
    assert recording.stdout.count(b"numbers.") == 12 and b"\npid " in recording.stdout, str(recording)
    assert workshop.threads() >= 2
    workshop.replays_without_inputs(recording)


def test_sqlite(workshop: Workshop) -> None:
    workshop.brings("sqlite3")
    statements = "create table t (a, b); begin;" + "".join(
        f"insert into t values ({n}, random());" for n in range(2000)
    )
    workshop.writes({"script.sql": statements + "commit; select sum(a), total(b), count(*) from t; select datetime();"})
    recording = workshop.records("sqlite3", "data.sqlite", ".read script.sql")
    assert b"1999000|" in recording.stdout
    workshop.replays_without_inputs(recording)


END: list[tuple[str, int, Callable[[bytes], bool]]] = [
    ("kill -SEGV $$", -11, lambda output: output == b"before\n"),
    ("perl -e 'use POSIX; POSIX::abort()'; echo $?; kill -ABRT $$", -6, lambda output: b"134" in output),
    ("sleep 60 & v=$!; (kill -KILL $v) & wait $v; echo $?; exit 9", 9, lambda output: b"137" in output),
]


@pytest.mark.parametrize(("script", "status", "printed"), END, ids=["segv", "abort", "killed by a sibling"])
def test_death(workshop: Workshop, script: str, status: int, printed: Callable[[bytes], bool]) -> None:
    workshop.brings("bash")
    workshop.needs("perl")
    recording = workshop.records("bash", "-c", f"ulimit -c 0; echo before; {script}", status=status)
    assert printed(recording.stdout), str(recording)
    workshop.replays_without_inputs(recording)


def test_standard_input(workshop: Workshop) -> None:
    """What comes by stdin is an input like any other: replay has none of it."""
    workshop.brings("sort")
    lines = json.dumps(list(range(1000)), indent=0).encode()
    recording = workshop.redrive.record(workshop.archive, workshop.bin / "sort", "-n", stdin=lines)
    assert recording.status == 0 and recording.stdout.count(b"\n") == 1002
    workshop.replays_without_inputs(recording)
