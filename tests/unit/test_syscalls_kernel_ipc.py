"""The running kernel writes no byte that the table does not name: System V's and POSIX's interprocess communication."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from tests.unit.syscalls_arena import Arena, observe, system_call

IPC_PRIVATE, IPC_RMID = 0, 0


def test_shared_memory(arena: Arena) -> None:
    segment, _ = observe(arena, 29, IPC_PRIVATE, 8192, 0o600)
    try:
        assert observe(arena, 31, segment, 2, arena.room(512))[1]
        assert observe(arena, 31, 0, 3, arena.room(512))[1]
        index, changed = observe(arena, 31, 0, 14, arena.room(512))
        assert changed
        assert observe(arena, 31, index, 13, arena.room(512))[1]
        assert observe(arena, 31, index, 15, arena.room(512))[1]
    finally:
        observe(arena, 31, segment, IPC_RMID, 0)


def test_semaphores(arena: Arena) -> None:
    semaphores, _ = observe(arena, 64, IPC_PRIVATE, 700, 0o600)
    try:
        assert observe(arena, 66, semaphores, 0, 2, arena.room(512))[1]
        assert observe(arena, 66, semaphores, 0, 13, arena.room(4096))[1] == 1400
        assert observe(arena, 66, 0, 0, 3, arena.room(512))[1]
        index, changed = observe(arena, 66, 0, 0, 19, arena.room(512))
        assert changed
        assert observe(arena, 66, index, 0, 18, arena.room(512))[1]
        observe(arena, 65, semaphores, arena.put(struct.pack("<Hhh", 3, 1, 0)), 1)
    finally:
        observe(arena, 66, semaphores, 0, IPC_RMID, 0)


def test_messages(arena: Arena) -> None:
    queue, _ = observe(arena, 68, IPC_PRIVATE, 0o600)
    try:
        assert observe(arena, 71, queue, 2, arena.room(512))[1]
        assert observe(arena, 71, 0, 3, arena.room(512))[1]
        index, changed = observe(arena, 71, 0, 12, arena.room(512))
        assert changed
        assert observe(arena, 71, index, 11, arena.room(512))[1]
        observe(arena, 69, queue, arena.put(struct.pack("<q", 5) + b"message" * 9), 63, 0)
        assert observe(arena, 70, queue, arena.room(200), 10, 0, 0, expect=errno.E2BIG)[1] == 0
        assert observe(arena, 70, queue, arena.room(200), 100, 0, 0) == (63, 71)
    finally:
        observe(arena, 71, queue, IPC_RMID, 0)


def test_posix_queues(arena: Arena) -> None:
    name = arena.put(b"redrive-test-%d\0" % os.getpid())
    attributes = arena.put(struct.pack("<qqqq", 0, 4, 128, 0) + bytes(32))
    queue = system_call(240, (name, os.O_CREAT | os.O_RDWR, 0o600, attributes))
    if queue < 0:
        pytest.skip("no message queues here")
    try:
        assert observe(arena, 245, queue, 0, arena.room(256))[1]
        observe(arena, 242, queue, arena.put(b"posted"), 6, 3, 0)
        assert observe(arena, 243, queue, arena.room(256), 128, arena.room(64), 0)[1] == 10
    finally:
        observe(arena, 241, name)
        os.close(queue)
