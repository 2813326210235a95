"""What the program wrote to the recorder's stdout and stderr, written again to the replayer's."""

from __future__ import annotations

import errno
import os
import select

from redrive.replayer.watcher import ReplayWatcher

_NAMES = {1: "stdout", 2: "stderr"}
_NOBODY_READS = frozenset({errno.EPIPE, errno.EBADF})
"""A reader that has seen enough, and a closed descriptor: whoever did that knows."""


class OutputEcho:
    """Writes to descriptors 1 and 2; a stream that cannot take any more is left alone from then on."""

    def __init__(self, *, quiet: bool, watcher: ReplayWatcher | None = None) -> None:
        self._watcher = watcher
        self._open = {1: not quiet, 2: not quiet}
        self.failure = ""
        """Why not all of the output is where it was to go: a sentence for the user."""

    def wants(self, stream: int) -> bool:
        """Whether there is any use in fetching what was written to a stream."""
        return self._open.get(stream, False)

    def write(self, stream: int, data: bytes) -> None:
        """Write everything to stdout (1) or stderr (2)."""
        if self._watcher is not None and self.wants(stream):
            self._watcher.echoes(stream, data)
        view = memoryview(data)
        while view and self.wants(stream):
            try:
                view = view[os.write(stream, view) :]
            except BlockingIOError:
                select.select([], [stream], [])
            except OSError as error:
                # The replay itself goes on.
                self._open[stream] = False
                if error.errno not in _NOBODY_READS:
                    self.failure = f"{_NAMES[stream]}: {error.strerror}; some of the recorded output is not there"
