"""Archives made to attack whoever replays them: their code runs, and nothing that it attempts comes about.

Each trace says of its program's syscalls that they succeeded, as the attacker would have it.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from redrive.formats.errors import ArchiveError
from redrive.formats.events import (
    Clone,
    Echo,
    Exec,
    Extent,
    ImageContent,
    ImageWrite,
    Landmark,
    Map,
    Signal,
    SignalAction,
    SignalPoint,
)
from redrive.replayer.divergence import Divergence
from redrive.replayer.errors import ReplayError, UntrustworthyTrace
from redrive.replayer.replay import replay
from redrive.replayer.stub import Stub
from redrive.tracee import registers as regs
from redrive.tracee.agent_pages import AGENT_ADDRESS
from redrive.tracee.errors import TraceeError
from redrive.tracee.inherited_filter import inherits_filter
from redrive.tracee.remote_calls import LIST_ADDRESS, RUNNER_ADDRESS
from tests.redrive_command import Redrive
from tests.unit.replayer_traces import DATA, FIRST_TASK, PAGE, START, TraceByHand, assemble

O_WRONLY_CREAT = 0o101
MAP_PRIVATE_ANONYMOUS = 0x22
XSTATE = bytes(832)
"""As after a reset: nothing is in use."""
NETWORK_OF_A_STUB = """
import os, signal
from redrive.replayer.stub import Stub
tracee = Stub().start()
network = os.readlink(f"/proc/{tracee.tid}/ns/net")
os.kill(tracee.tid, signal.SIGKILL)
tracee.wait()
print(network, end="")
"""


@pytest.fixture(autouse=True)
def bystander(tmp_path: Path) -> Iterator[Path]:
    """A file that is to be neither there nor written afterwards, and no process left."""
    target = tmp_path / "target"
    yield target
    assert not target.exists(), "the attack has made a file"
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def attack(trace: TraceByHand, *, complete: bool = False) -> BaseException | None:
    """Replay it: what that raised, which is one of the errors that are meant for users."""
    path = trace.close(complete=complete)
    try:
        replay(path, quiet=True)
    except (Divergence, ReplayError, ArchiveError, TraceeError) as error:
        return error
    return None


def opens(target: Path, instruction: str, number: int = 2, *, arguments: tuple[str, str] = ("rdi", "rsi")) -> str:
    """Assembly that creates a file, as far as the kernel is asked at all."""
    path, flags = arguments
    return f"""
        lea name(%rip), %{path}
        mov ${O_WRONLY_CREAT:#x}, %{flags}
        mov $0666, %edx
        mov ${number}, %eax
        {instruction}
        hlt
        name: .asciz "{target}"
    """


IN_32_BIT_CODE = """
    movl $0x{data:x}, %esp
    ljmp *far(%rip)
    far: .long there; .word 0x23
    .code32
    there:
    movl $name, %ebx
    movl ${flags:#x}, %ecx
    movl $0666, %edx
    movl $5, %eax
    int $0x80
    hlt
    .code64
    name: .asciz "{target}"
"""


class TestSyscalls:
    def test_one_that_the_trace_says_succeeded(self, tmp_path: Path, bystander: Path) -> None:
        code = assemble(opens(bystander, "syscall"), tmp_path)
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(code)
        after = code.index(b"\x0f\x05") + 2
        name = regs.get(START, "rip") + code.index(os.fsencode(bystander))
        trace.syscall(after, 3, rdi=name, rsi=O_WRONLY_CREAT, rdx=0o666, rax=2)
        assert attack(trace) is None, "the replay goes on to the end of the trace"

    @pytest.mark.parametrize(
        ("instruction", "number", "arguments"),
        [
            ("syscall", 2, ("rdi", "rsi")),
            ("int $0x80", 5, ("rbx", "rcx")),
            ("sysenter", 5, ("rbx", "rcx")),
            ("syscall", 0x4000_0002, ("rdi", "rsi")),
        ],
        ids=["syscall", "int 0x80", "sysenter", "x32"],
    )
    def test_one_that_the_trace_does_not_have(
        self, tmp_path: Path, bystander: Path, instruction: str, number: int, arguments: tuple[str, str]
    ) -> None:
        code = assemble(opens(bystander, instruction, number, arguments=arguments), tmp_path)
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(code)
        trace.syscall(len(code), 0)
        assert attack(trace) is not None

    def test_from_32_bit_code(self, tmp_path: Path, bystander: Path) -> None:
        source = IN_32_BIT_CODE.format(data=DATA + 2048, flags=O_WRONLY_CREAT, target=bystander)
        code = assemble(source, tmp_path)
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(code)
        trace.syscall(len(code), 0)
        assert attack(trace) is not None

    @pytest.mark.parametrize("function", [0, 0x400, 0x800])
    def test_of_the_vsyscall_page(self, tmp_path: Path, function: int) -> None:
        code = assemble(f"mov $0x500000, %edi; mov $0xffffffffff600000 + {function}, %rax; call *%rax; hlt", tmp_path)
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(code)
        trace.syscall(len(code), 0)
        assert attack(trace) is not None


class TestOwnCode:
    """The stub's page is in every replayed process, and its runner makes real syscalls."""

    def test_jumping_to_it_with_a_list_of_its_own(self, tmp_path: Path, bystander: Path) -> None:
        code = assemble(
            f"""
            mov ${LIST_ADDRESS:#x}, %rbx
            movq $2, (%rbx)
            lea name(%rip), %rax
            mov %rax, 8(%rbx)
            movq ${O_WRONLY_CREAT:#x}, 16(%rbx)
            movq $0666, 24(%rbx)
            mov ${RUNNER_ADDRESS:#x}, %rax
            jmp *%rax
            name: .asciz "{bystander}"
            """,
            tmp_path,
        )
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(code)
        trace.syscall(len(code), 0)
        assert attack(trace) is not None

    def test_writing_over_it(self, tmp_path: Path) -> None:
        code = assemble(f"mov ${RUNNER_ADDRESS:#x}, %rax; movb $0xcc, (%rax); hlt", tmp_path)
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(code)
        trace.syscall(len(code), 0)
        assert attack(trace) is not None

    def test_starting_in_it(self, tmp_path: Path) -> None:
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(b"\x0f\x05")
        trace.registers[FIRST_TASK] = regs.replace(START, rip=RUNNER_ADDRESS, rbx=LIST_ADDRESS)
        trace.syscall(RUNNER_ADDRESS + 2 - regs.get(START, "rip"), 0)
        assert attack(trace) is not None

    def test_a_signal_frame_over_it(self, tmp_path: Path) -> None:
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(b"\x0f\x05\x90")
        trace.syscall(2, 0)
        before = trace.registers[FIRST_TASK]
        frame = ((AGENT_ADDRESS + 0x200, b"\x0f\x05\xcc"),)
        trace.write(
            Signal(
                FIRST_TASK, 10, bytes(128), SignalPoint.BOUNDARY, SignalAction.HANDLER, before, before, b"", frame, b""
            )
        )
        trace.syscall(2, 0)
        assert isinstance(attack(trace), ReplayError)

    def test_a_landmark_in_it(self, tmp_path: Path) -> None:
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(assemble("nop; jmp .", tmp_path))
        at = regs.replace(START, rip=RUNNER_ADDRESS)
        trace.write(Landmark(FIRST_TASK, at, XSTATE, b"\x0f\x05\xcc", (), (), 1, b""))
        assert isinstance(attack(trace), UntrustworthyTrace)


class TestOthers:
    def test_reaching_the_network(self, tmp_path: Path) -> None:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            server.setblocking(False)
            port = server.getsockname()[1]
            code = assemble(
                f"""
                mov $41, %eax; mov $2, %edi; mov $1, %esi; mov $0, %edx; syscall
                mov %eax, %edi; lea address(%rip), %rsi; mov $16, %edx; mov $42, %eax; syscall
                hlt
                address: .short 2; .byte {port >> 8}, {port & 255}, 127, 0, 0, 1; .quad 0
                """,
                tmp_path,
            )
            trace = TraceByHand(tmp_path / "trace")
            trace.execute(code)
            first = code.index(b"\x0f\x05") + 2
            second = code.index(b"\x0f\x05", first) + 2
            trace.syscall(first, 3, rax=41, rdi=2, rsi=1, rdx=0)
            address = regs.get(START, "rip") + code.index(b"\xf4") + 1
            trace.syscall(second, 0, rax=42, rdi=3, rsi=address, rdx=16)
            assert attack(trace) is None
            with pytest.raises(BlockingIOError):
                server.accept()

    def test_our_network_is_not_theirs(self) -> None:
        makes = [["unshare", "--net", "true"], ["unshare", "--user", "--net", "true"]]
        if inherits_filter() or all(subprocess.run(make, capture_output=True).returncode for make in makes):
            pytest.skip("no network namespace can be made here")
        tracee = Stub().start()
        try:
            theirs = os.readlink(f"/proc/{tracee.tid}/ns/net")
        finally:
            os.kill(tracee.tid, signal.SIGKILL)
            tracee.wait()
        assert theirs != os.readlink("/proc/self/ns/net")

    def test_an_ordinary_users_network_is_not_theirs(self, ordinary: Redrive) -> None:
        """Who may make no network namespace makes a user namespace for it."""
        if inherits_filter() or ordinary.native("unshare", "--user", "--net", "true").status:
            pytest.skip("an ordinary user can make no network namespace here")
        network = ordinary.native(sys.executable, "-c", NETWORK_OF_A_STUB)
        assert network.status == 0, str(network)
        assert network.stdout.startswith(b"net:[")
        assert network.stdout.decode() != os.readlink("/proc/self/ns/net")

    @pytest.mark.parametrize("number", [62, 101, 310, 311], ids=["kill", "ptrace", "process_vm_readv", "_writev"])
    def test_touching_the_replayer(self, tmp_path: Path, number: int) -> None:
        arguments = {62: (os.getpid(), 9), 101: (16, os.getpid())}.get(number, (os.getpid(), DATA))
        code = assemble(f"mov ${number}, %eax; mov ${arguments[0]}, %edi; mov ${arguments[1]}, %esi; syscall", tmp_path)
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(code)
        trace.syscall(len(code), 0, rax=number, rdi=arguments[0], rsi=arguments[1])
        assert attack(trace) is None

    def test_stopping_and_killing_itself(self, tmp_path: Path) -> None:
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(assemble("ud2", tmp_path))
        trace.syscall(2, 0)
        assert isinstance(attack(trace), Divergence)


class TestExhaustion:
    def test_processes(self, tmp_path: Path) -> None:
        trace = TraceByHand(tmp_path / "trace")
        code = assemble("mov $57, %eax; syscall", tmp_path)
        trace.execute(code)
        trace.enter(len(code), rax=57)
        child_starts_with = regs.replace(trace.registers[FIRST_TASK], rax=0)
        for child in range(5000, 10000):
            trace.write(Clone(FIRST_TASK, child, 17, child_starts_with, (), b""))
        error = attack(trace)
        assert error is not None and "4096" in str(error)

    def test_mappings(self, tmp_path: Path) -> None:
        trace = TraceByHand(tmp_path / "trace")
        # No two of them become one.
        maps = (Map(0x10_0000_0000 + 2 * PAGE * n, PAGE, 3, MAP_PRIVATE_ANONYMOUS, None, "") for n in range(100_000))
        trace.execute(b"\x0f\x05", effects=tuple(maps))
        assert attack(trace) is not None

    def test_address_space(self, tmp_path: Path) -> None:
        """Reserved and never touched: that costs nothing, and real programs do it."""
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(b"\x0f\x05", effects=(Map(0x10_0000_0000, 1 << 44, 3, 0x4022, None, ""),))
        attack(trace)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 500_000

    @pytest.mark.parametrize("way", ["contents", "writes"])
    def test_mapped_files(self, tmp_path: Path, way: str) -> None:
        """One blob again and again, in two gigabytes of a file; or as much written to it."""
        trace = TraceByHand(tmp_path / "trace")
        size = 16 << 20
        places = range(0, 130 * size, size)
        if way == "contents":
            digest = trace.writer.add_blob(b"x" * size)
            extents = tuple(Extent(place, size, digest) for place in places)
            trace.execute(b"\xeb\xfe", effects=(ImageContent(7, 130 * size, extents, "large"),))
        else:
            trace.execute(b"\xeb\xfe", effects=(ImageContent(7, 130 * size, (), "large"),))
            for place in places:
                effects = (ImageWrite(7, place, b"x" * size),)
                trace.write(Exec(FIRST_TASK, FIRST_TASK, b"", (), (), START, b"", 8 << 20, effects, (), b""))
        error = attack(trace)
        assert isinstance(error, UntrustworthyTrace) and "REDRIVE_LARGE_EVENTS" in str(error)

    def test_files_of_zeros(self, tmp_path: Path) -> None:
        """As databases and disk images may be: two gigabytes that take no memory, so there is nothing to refuse."""
        trace = TraceByHand(tmp_path / "trace")
        size = 16 << 20
        digest = trace.writer.add_blob(bytes(size))
        extents = tuple(Extent(place, size, digest) for place in range(0, 130 * size, size))
        code = assemble("mov $60, %eax; syscall\n", tmp_path)
        trace.execute(code, effects=(ImageContent(7, 130 * size, extents, "large"),))
        trace.enter(len(code), rax=60)
        trace.exit()
        assert attack(trace, complete=True) is None

    @pytest.mark.parametrize("length", [16 << 30, 1 << 40, 1 << 63])
    def test_output(self, tmp_path: Path, length: int) -> None:
        """Memory that costs nothing, as it is never touched, is to be shown."""
        trace = TraceByHand(tmp_path / "trace")
        large = Map(0x10_0000_0000, 1 << 44, 3, 0x4022, None, "")
        trace.execute(b"\x0f\x05", effects=(large, Echo(1, ((0x10_0000_0000, length),), b"")))
        path = trace.close(complete=False)
        with pytest.raises(UntrustworthyTrace, match="a syscall that wrote"):
            replay(path)

    def test_a_point_in_running_code_that_never_comes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("redrive.replayer.landmarks._LEAST_TIME", 0.5)
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(assemble("1: inc %rax; jmp 1b", tmp_path))
        at = regs.replace(START, rax=2**63)
        trace.write(Landmark(FIRST_TASK, at, XSTATE, b"\x48\xff\xc0", (), (), 1, b""))
        assert isinstance(attack(trace), Divergence)

    def test_stack(self, tmp_path: Path) -> None:
        trace = TraceByHand(tmp_path / "trace")
        trace.execute(assemble("1: push %rax; jmp 1b", tmp_path))
        trace.syscall(2, 0)
        assert isinstance(attack(trace), Divergence)
