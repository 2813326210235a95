"""Doing again, in a replayed task, what a recorded syscall did to address spaces, files and terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from redrive.formats.events import (
    Advise,
    Echo,
    Effect,
    ImageContent,
    ImageSize,
    ImageWrite,
    Map,
    Protect,
    Remap,
    Unmap,
    WriteTo,
)
from redrive.replayer.bounds import (
    check_image_range,
    check_mapping_flags,
    check_pages,
    check_protection,
    check_transfer,
)
from redrive.replayer.echo import OutputEcho
from redrive.replayer.errors import ReplayError, UntrustworthyTrace
from redrive.replayer.images import Images
from redrive.replayer.memory import read_memory, write_memory
from redrive.replayer.stub import CLOSE, DESCRIPTORS_AT_ONCE, MUNMAP, Stub
from redrive.replayer.task import Task
from redrive.replayer.tasks import Tasks
from redrive.tracee.mappings import MAP_ANONYMOUS, MAP_FIXED, MAP_NORESERVE, PAGE
from redrive.tracee.remote_calls import LIST_LIMIT, Call, RemoteCallFailed, run

_MMAP, _MPROTECT, _MREMAP, _MADVISE = 9, 10, 25, 28
_MREMAP_MAYMOVE, _MREMAP_FIXED, _MREMAP_DONTUNMAP = 1, 2, 4
_MADVISE_ALLOWED = frozenset({4, 9, 10, 11, 18, 19, 24, 102, 103})
"""MADV_DONTNEED, REMOVE, DONTFORK, DOFORK, WIPEONFORK, KEEPONFORK, DONTNEED_LOCKED, GUARD_INSTALL, GUARD_REMOVE."""
_DESCRIPTOR_ARGUMENT = 1 << 4
_ROOM_FOR_DESCRIPTORS = 1 + DESCRIPTORS_AT_ONCE
_ECHOED_AT_ONCE = 1 << 20
_CALLS_AT_ONCE = LIST_LIMIT - _ROOM_FOR_DESCRIPTORS


class Effects:
    """Applies effects; those of the address space are collected and made together, at the price of one stop."""

    def __init__(self, tasks: Tasks, images: Images, echo: OutputEcho, stub: Stub) -> None:
        self._tasks = tasks
        self._images = images
        self._echo = echo
        self._stub = stub
        self._calls: list[Call] = []
        self._descriptors: list[int] = []
        self._appliers: Mapping[type, Callable[[Task, Any], None]] = {
            Map: self._map,
            Unmap: self._unmap,
            Protect: self._protect,
            Remap: self._remap,
            Advise: self._advise,
            ImageContent: self._image_content,
            ImageWrite: self._image_write,
            ImageSize: self._image_size,
            WriteTo: self._write_to,
            Echo: self._write_echo,
        }

    def apply(self, task: Task, effects: Iterable[Effect], first: tuple[Call, ...] = ()) -> None:
        """Apply effects in order, after the calls in ``first``."""
        self._calls.extend(first)
        for effect in effects:
            self._appliers[type(effect)](task, effect)
            if len(self._calls) >= _CALLS_AT_ONCE or len(self._descriptors) >= DESCRIPTORS_AT_ONCE:
                self._make_calls(task)
        self._make_calls(task)

    def _make_calls(self, task: Task) -> None:
        calls, descriptors = self._calls, self._descriptors
        if not calls:
            return
        self._calls, self._descriptors = [], []
        if descriptors:
            received = self._stub.received
            closing = [Call(CLOSE, (received(index),), loaded=1) for index in range(len(descriptors))]
            calls = [self._stub.hand_over(task.tracee, descriptors), *calls, *closing]
        try:
            run(task.tracee, calls)
        except RemoteCallFailed as failure:
            raise ReplayError(f"this machine cannot do again what the recorded one did: {failure}") from failure

    def _map(self, _task: Task, effect: Map) -> None:
        length = check_pages(effect.address, effect.length)
        protection = check_protection(effect.protection)
        # What was promised then need not be promised again: memory is needed only where it is touched.
        flags = check_mapping_flags(effect.flags) | MAP_FIXED | MAP_NORESERVE
        if effect.image is None:
            no_descriptor = 2**64 - 1
            arguments = (effect.address, length, protection, flags | MAP_ANONYMOUS, no_descriptor, 0)
            self._calls.append(Call(_MMAP, arguments))
            return
        check_image_range(effect.image.offset, length)
        if effect.image.offset % PAGE:
            raise UntrustworthyTrace(f"the trace maps a file from byte {effect.image.offset}, inside a page")
        received = self._stub.received(self._index_of(self._images.descriptor(effect.image.number)))
        arguments = (effect.address, length, protection, flags & ~MAP_ANONYMOUS, received, effect.image.offset)
        self._calls.append(Call(_MMAP, arguments, loaded=_DESCRIPTOR_ARGUMENT))

    def _index_of(self, descriptor: int) -> int:
        if descriptor not in self._descriptors:
            self._descriptors.append(descriptor)
        return self._descriptors.index(descriptor)

    def _unmap(self, _task: Task, effect: Unmap) -> None:
        self._calls.append(Call(MUNMAP, (effect.address, check_pages(effect.address, effect.length))))

    def _protect(self, _task: Task, effect: Protect) -> None:
        length = check_pages(effect.address, effect.length)
        self._calls.append(Call(_MPROTECT, (effect.address, length, check_protection(effect.protection))))

    def _remap(self, _task: Task, effect: Remap) -> None:
        if effect.flags & ~_MREMAP_DONTUNMAP:
            raise UntrustworthyTrace(f"the trace moves a mapping with the flags {effect.flags:#x}")
        new_length = check_pages(effect.new_address, effect.new_length)
        # A length of 0 makes a second mapping of shared memory: mremap(2).
        length = check_pages(effect.address, effect.length) if effect.length else 0
        flags = effect.flags
        if effect.new_address != effect.address or flags:
            flags |= _MREMAP_MAYMOVE | _MREMAP_FIXED
        self._calls.append(Call(_MREMAP, (effect.address, length, new_length, flags, effect.new_address)))

    def _advise(self, task: Task, effect: Advise) -> None:
        if effect.advice not in _MADVISE_ALLOWED:
            raise UntrustworthyTrace(f"the trace asks for madvise {effect.advice}")
        length = check_pages(effect.address, effect.length)
        self._calls.append(Call(_MADVISE, (effect.address, length, effect.advice)))
        # MADV_REMOVE reaches into the image, and must not come after later changes of that.
        self._make_calls(task)

    def _image_content(self, _task: Task, effect: ImageContent) -> None:
        self._images.define(effect)

    def _image_write(self, _task: Task, effect: ImageWrite) -> None:
        self._images.write(effect)

    def _image_size(self, _task: Task, effect: ImageSize) -> None:
        self._images.resize(effect)

    def _write_to(self, task: Task, effect: WriteTo) -> None:
        self._make_calls(task)
        other = self._tasks.get(effect.task)
        if other is None:
            raise UntrustworthyTrace(f"the trace writes to the memory of task {effect.task}, which is not there")
        write_memory(other, ((effect.address, effect.data),))

    def _write_echo(self, task: Task, effect: Echo) -> None:
        if not self._echo.wants(effect.stream):
            return
        self._make_calls(task)
        check_transfer(sum(length for _, length in effect.pieces))
        for address, length in effect.pieces:
            for start in range(address, address + length, _ECHOED_AT_ONCE):
                piece = read_memory(task, start, min(_ECHOED_AT_ONCE, address + length - start))
                self._echo.write(effect.stream, piece)
        self._echo.write(effect.stream, effect.data)
