"""The header of an archive: on what machine, by what Redrive and for what command a trace was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from redrive.formats.codec import pack_document, unpack_document
from redrive.formats.shapes import (
    boolean,
    either,
    integer,
    mapping,
    named_fields,
    number,
    octets,
    record,
    sequence,
    text,
    unsigned,
)

Setting: TypeAlias = bool | int | str


class CpuidLeaf(NamedTuple):
    """What the cpuid instruction answers for one leaf and subleaf: four 32-bit words."""

    leaf: int
    subleaf: int
    eax: int
    ebx: int
    ecx: int
    edx: int


class CpuIdentification(NamedTuple):
    """The processor the trace was recorded on.

    ``family``, ``model`` and ``stepping`` are the displayed ones (Intel SDM volume 2A, CPUID); ``features`` are the
    names of /proc/cpuinfo's flags; ``xcr0`` is what xgetbv gives, the state components that xsave saves.
    """

    vendor: str
    brand: str
    family: int
    model: int
    stepping: int
    features: tuple[str, ...]
    xcr0: int
    cpuid: tuple[CpuidLeaf, ...]


class Header(NamedTuple):
    """What is known before the first event.

    ``kernel_release``, ``kernel_version`` and ``machine`` are uname(2)'s.  ``regime`` is the order of seccomp and
    syscall stops that this kernel showed ("R1", "R2" or "R3"), found by a probe and not by its version.  ``features``
    are what was probed and used; ``options`` are the recorder's settings.  ``start_time`` is in seconds since 1970.
    """

    format_version: int
    redrive_version: str
    kernel_release: str
    kernel_version: str
    machine: str
    regime: str
    features: Mapping[str, Setting]
    cpu: CpuIdentification
    page_size: int
    command: tuple[bytes, ...]
    working_directory: bytes
    environment: tuple[bytes, ...]
    start_time: float
    options: Mapping[str, Setting]


SETTING = either(boolean, integer, text)

CPU_SHAPES = {
    "vendor": text,
    "brand": text,
    "family": unsigned,
    "model": unsigned,
    "stepping": unsigned,
    "features": sequence(text),
    "xcr0": unsigned,
    "cpuid": sequence(record(CpuidLeaf, dict.fromkeys(CpuidLeaf._fields, unsigned))),
}

HEADER_SHAPES = {
    "format_version": unsigned,
    "redrive_version": text,
    "kernel_release": text,
    "kernel_version": text,
    "machine": text,
    "regime": text,
    "features": mapping(SETTING),
    "cpu": named_fields(CpuIdentification, CPU_SHAPES),
    "page_size": unsigned,
    "command": sequence(octets),
    "working_directory": octets,
    "environment": sequence(octets),
    "start_time": number,
    "options": mapping(SETTING),
}

_header = named_fields(Header, HEADER_SHAPES)


def encode_header(header: Header) -> bytes:
    """The content of the HEADER frame."""
    return pack_document({**header._asdict(), "cpu": header.cpu._asdict()})


def decode_header(content: bytes) -> Header:
    """The header in a HEADER frame's content.  Raises DamagedArchive."""
    header: Header = unpack_document(content, _header, "header")
    return header
