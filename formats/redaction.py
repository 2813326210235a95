"""Taking secrets out of a trace: what matches a pattern, and each copy of it, becomes filler of the same length.

Replay stays exact where the program only carries a secret around: it reads filler and passes filler on.  Where it looks
inside (compares it with a hash, decodes it), replay goes another way, which only a replay of the result can tell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from redrive.formats.archive_reader import ArchiveReader
from redrive.formats.archive_writer import ArchiveWriter
from redrive.formats.events import Extent, VectorState
from redrive.formats.header import Header
from redrive.formats.outcome import Outcome
from redrive.formats.progress import Progressed, nobody_watches
from redrive.formats.stops import decode_stops, encode_stop

SHORTEST = 4
"""Bytes that a secret must have: each copy of a shorter one would be found in all kinds of other data."""
_SEPARATORS = frozenset(b" \t-_.:/=+,@")
_WORD, _LANE = 8, 16
_TELLING = 6
"""Bytes that are not zero, in a piece that is taken for one of a secret: a small number may be in a register too."""
_FILLER = bytes(
    byte if byte in _SEPARATORS else ord("0") if chr(byte).isdigit() else ord("A" if chr(byte).isupper() else "a")
    for byte in range(256)
)
"""For bytes.translate: what separates words stays, so that a program which splits there goes the same way."""
_TEXT = re.compile(rb"[^\0\n]+")
_OF_REGISTERS = frozenset(
    {"registers", "handler_registers", "xstate", "handler_xstate", "entry", "exit", "before", "after"}
)
"""Fields whose bytes are registers, in which a secret may be in pieces."""


def filler(secret: bytes) -> bytes:
    """As long as the secret, of its kinds of characters; a hexadecimal number stays one, and so does base64."""
    return secret.translate(_FILLER)


class Redaction:
    """What is to be replaced, and how often that was done.

    A pattern is searched in each line, or string that ends with a zero byte, of what the program read and was given;
    with groups in it, the groups are secret and the rest tells them from others.  Each secret that was found is then
    replaced wherever it is.
    """

    def __init__(self, patterns: Sequence[re.Pattern[bytes]]) -> None:
        self._patterns = patterns
        self._secrets: set[bytes] = set()
        self._eights: set[bytes] = set()
        """Each eight bytes of the secrets."""
        self._pieces: dict[bytes, bytes] = {}
        """What a register may hold of the memory in which a secret is, and what it then holds in the copy."""
        self._any: re.Pattern[bytes] | None = None
        """Any of them; None where it is still to be made of them."""
        self.replaced = 0
        """In how many places."""
        self.too_short: set[bytes] = set()
        """What matched, and is left as it was."""

    @property
    def secrets(self) -> int:
        """How many different ones were found."""
        return len(self._secrets)

    def learn(self, data: bytes) -> None:
        """Find new secrets."""
        for piece in _TEXT.finditer(data):
            for pattern in self._patterns:
                for found in pattern.finditer(piece[0]):
                    for secret in found.groups(b"") or (found[0],):
                        self._add(secret)

    def _add(self, secret: bytes) -> None:
        if not secret or secret in self._secrets or secret == filler(secret):
            return
        if len(secret) < SHORTEST:
            self.too_short.add(secret)
            return
        self._secrets.add(secret)
        self._eights.update(secret[at : at + _WORD] for at in range(len(secret) - _WORD + 1))
        self._any = None

    def replace(self, data: bytes) -> bytes:
        """``data`` with filler for each secret."""
        if not self._secrets:
            return data
        if self._any is None:
            # The longest first, as one may be part of another.
            self._any = re.compile(b"|".join(re.escape(one) for one in sorted(self._secrets, key=len, reverse=True)))
        found = list(self._any.finditer(data))
        if not found:
            return data
        redacted = bytearray(data)
        for one in found:
            redacted[one.start() : one.end()] = filler(one[0])
        self.replaced += len(found)
        for one in found:
            self._note_pieces(one.start(), one.end(), data, bytes(redacted))
        return bytes(redacted)

    def replace_pieces(self, data: bytes) -> bytes:
        """The same for each eight bytes of a secret, wherever they are."""
        redacted = bytearray(data)
        for at in range(len(data) - _WORD + 1):
            piece = data[at : at + _WORD]
            if piece in self._eights:
                redacted[at : at + _WORD] = filler(bytes(redacted[at : at + _WORD]))
        return bytes(redacted)

    def _note_pieces(self, start: int, end: int, data: bytes, redacted: bytes) -> None:
        for size in (_WORD, _LANE):
            for at in range(max(start - size + 1, 0), min(end, len(data) - size + 1)):
                piece = data[at : at + size]
                if size - piece.count(0) >= _TELLING:
                    self._pieces[piece] = redacted[at : at + size]

    def replace_in_registers(self, data: bytes) -> bytes:
        """The same for registers: general ones of eight bytes, or vector registers in lanes of sixteen."""
        redacted = bytearray(data)
        for size in (_LANE, _WORD) if self._pieces else ():
            for at in range(0, len(data) - size + 1, size):
                piece = self._pieces.get(bytes(redacted[at : at + size]))
                if piece is not None:
                    redacted[at : at + size] = piece
                    self.replaced += 1
        return bytes(redacted)

    def replace_in_stops(self, data: bytes) -> bytes:
        """The same for those registers that the raw stops of an event have of their own."""
        stops = (stop._replace(registers=self.replace_in_registers(stop.registers)) for stop in decode_stops(data))
        return b"".join(map(encode_stop, stops))


class Redactor:
    """Copies one archive.  It is read twice, as what tells a secret may come later than the secret."""

    def __init__(
        self,
        reader: ArchiveReader,
        redaction: Redaction,
        progressed: Progressed = nobody_watches,
    ) -> None:
        """``progressed`` is told of events, each of which is read twice."""
        self._reader = reader
        self._progressed = progressed
        self._redaction = redaction
        self._digests: dict[bytes, bytes] = {}
        self._writer: ArchiveWriter | None = None

    def learn(self) -> None:
        """Find the secrets.  Raises ArchiveError."""
        header = self._reader.header
        for string in (*header.environment, *header.command):
            self._redaction.learn(string)
        count = self._reader.completeness.event_count
        for number, event in self._reader.events():
            self._progressed(number, 2 * count)
            for data in _octets(event, ""):
                self._redaction.learn(data)
        for digest in self._reader.blobs():
            self._redaction.learn(self._reader.blob(digest))

    def header(self) -> Header:
        """The new archive's."""
        header = self._reader.header
        return header._replace(
            environment=self._all(header.environment),
            command=self._all(header.command),
            working_directory=self._redaction.replace(header.working_directory),
        )

    def copy(self, writer: ArchiveWriter) -> None:
        """All events and the blobs they name, and the end.  Raises ArchiveError."""
        self._writer = writer
        count = self._reader.completeness.event_count
        for number, event in self._reader.events():
            self._progressed(count + number, 2 * count)
            # glibc's string functions leave in vector registers what they compute of several pieces of a secret (their
            # minimum, a comparison), which filler cannot be given for.  This event is nothing but a check of them.
            if not (isinstance(event, VectorState) and self._redaction.secrets):
                writer.write(self._redacted(event, ""))
        completeness = self._reader.completeness
        outcome = self._reader.outcome or Outcome(False, completeness.reason, 0.0, None, {})
        writer.close(outcome._replace(reason=self._text(outcome.reason)))

    def _all(self, strings: Sequence[bytes]) -> tuple[bytes, ...]:
        return tuple(map(self._redaction.replace, strings))

    def _text(self, text: str) -> str:
        return os.fsdecode(self._redaction.replace(os.fsencode(text)))

    def _redacted(self, value: Any, field: str) -> Any:
        if isinstance(value, bytes):
            redaction = self._redaction
            if field in _OF_REGISTERS:
                return redaction.replace_in_registers(value)
            if field == "stops":
                return redaction.replace_in_stops(value)
            redacted = redaction.replace(value)
            if field == "inputs":
                # Memory as it was, perhaps with what is left of a secret: only people look at it, so pieces may go too.
                return redaction.replace_pieces(redacted)
            # Words of memory, and windows of it that begin and end inside of what the program has there.
            return redaction.replace_in_registers(redacted) if field == "witnesses" else redacted
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Extent):
            return value._replace(digest=self._blob(value.digest))
        if not isinstance(value, tuple):
            return value
        names = getattr(value, "_fields", None)
        if names is None:
            return tuple(self._redacted(item, field) for item in value)
        return type(value)(*(self._redacted(item, name) for name, item in zip(names, value, strict=True)))

    def _blob(self, digest: bytes) -> bytes:
        assert self._writer is not None
        if digest not in self._digests:
            self._digests[digest] = self._writer.add_blob(self._redaction.replace(self._reader.blob(digest)))
        return self._digests[digest]


def _octets(value: Any, field: str) -> Iterator[bytes]:
    """All bytes in an event that are data, not registers."""
    if isinstance(value, bytes) and field not in _OF_REGISTERS and field != "stops":
        yield value
    elif isinstance(value, tuple) and not isinstance(value, Extent):
        names = getattr(value, "_fields", None) or (field,) * len(value)
        for name, item in zip(names, value, strict=True):
            yield from _octets(item, name)
