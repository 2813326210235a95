"""The images of a trace: unnamed files that hold what was mapped, shared by all tasks that map them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from redrive.formats.event_frames import LARGE_EVENTS, MAXIMUM_RATIO, UNQUESTIONED_SIZE
from redrive.formats.events import ImageContent, ImageSize, ImageWrite
from redrive.replayer.anonymous_file import create_anonymous_file, write_all
from redrive.replayer.bounds import check_image_range
from redrive.replayer.errors import ReplayError, UntrustworthyTrace
from redrive.tracee.file_hole import is_hole

_LOOK_EVERY = 16 << 20
"""Bytes written from one look at how much memory there is in use to the next."""
_BLOCK = 512
"""Bytes of st_blocks' unit: stat(3type)."""


class ImageFile(NamedTuple):
    """An image's file.  ``label`` is the path that was recorded; for people."""

    descriptor: int
    label: str


class Images:
    """All images defined so far, by number."""

    def __init__(self, blob: Callable[[bytes], bytes], archive_size: int) -> None:
        """``blob`` gives the bytes that have a SHA-256 digest, and checks them; ``archive_size`` is the file's."""
        self._blob = blob
        self._most = max(UNQUESTIONED_SIZE, MAXIMUM_RATIO * archive_size)
        self._sent = self._looked_at = 0
        """Bytes that the trace has sent for files, and how many these were at the latest look at the memory in use."""
        self._files: dict[int, ImageFile] = {}

    def define(self, content: ImageContent) -> None:
        """Create the image or replace parts of it."""
        check_image_range(content.size, 0)
        image = self._files.get(content.number)
        if image is None:
            image = ImageFile(_create(f"image-{content.number}"), content.label)
            self._files[content.number] = image
        # Not to the size that it has: that would clear what the program has written behind the end of its last page.
        if os.fstat(image.descriptor).st_size != content.size:
            self._resize(image, content.size)
        for extent in content.extents:
            data = self._blob(extent.digest)
            if len(data) != extent.length or extent.offset + extent.length > content.size:
                raise UntrustworthyTrace(f"the trace has a wrong length for a part of {content.label!r}")
            self._write(image, data, extent.offset)

    def write(self, write: ImageWrite) -> None:
        """A file that is mapped was written to."""
        check_image_range(write.offset, len(write.data))
        self._write(self._image(write.number), write.data, write.offset)

    def resize(self, change: ImageSize) -> None:
        """A file that is mapped was truncated or extended."""
        check_image_range(change.size, 0)
        self._resize(self._image(change.number), change.size)

    def descriptor(self, number: int) -> int:
        """The replayer's own descriptor of an image."""
        return self._image(number).descriptor

    def find(self, device: int, inode: int) -> ImageFile | None:
        """The image behind a mapping, by what /proc/PID/maps says of it."""
        for image in self._files.values():
            status = os.fstat(image.descriptor)
            if (status.st_dev, status.st_ino) == (device, inode):
                return image
        return None

    def close(self) -> None:
        """Forget all images."""
        for image in self._files.values():
            os.close(image.descriptor)
        self._files.clear()

    def _image(self, number: int) -> ImageFile:
        image = self._files.get(number)
        if image is None:
            raise UntrustworthyTrace(f"the trace maps image {number}, which it never defined")
        return image

    def _write(self, image: ImageFile, data: bytes, offset: int) -> None:
        if not data.strip(b"\0") and is_hole(image.descriptor, offset, len(data)):
            return
        write_all(image.descriptor, data, offset)
        self._sent += len(data)
        if self._sent > self._looked_at + _LOOK_EVERY:
            self._looked_at = self._sent
            self._check_memory()

    def _check_memory(self) -> None:
        """What a stranger sends must not take memory out of proportion to its own size."""
        if self._sent <= self._most or LARGE_EVENTS in os.environ:
            return
        # What is sent again and again for one place takes memory once; what the program itself has written is its own.
        used = sum(os.fstat(image.descriptor).st_blocks for image in self._files.values()) * _BLOCK
        if used > self._most:
            raise UntrustworthyTrace(
                f"the trace's mapped files take more than {self._most >> 20} MiB of memory, out of proportion to the "
                f"archive's size; if you trust its maker, set {LARGE_EVENTS}=1"
            )

    @staticmethod
    def _resize(image: ImageFile, size: int) -> None:
        try:
            os.ftruncate(image.descriptor, size)
        except OSError as error:
            raise ReplayError(f"{image.label!r} cannot be given {size} bytes: {error.strerror}") from error


def _create(name: str) -> int:
    try:
        return create_anonymous_file(name)
    except OSError as error:
        raise ReplayError(f"too many recorded files are mapped for this machine's limits: {error.strerror}") from error
