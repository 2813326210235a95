"""An archive that nobody vouches for, read by every command that reads archives, in this process."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from redrive.formats.errors import ArchiveError
from redrive.tools.main import redrive

LOOKS = (
    ("info", "--environment"),
    ("ps",),
    ("dump", "--stops"),
    ("dump", "--json"),
    ("dump", "--follow"),
)


# The same ones each time: click keeps every stream that it has written to (_compat._make_cached_stream_func).
_OUTPUT, _SAID = io.StringIO(), io.StringIO()


class Unsound(AssertionError):
    """A command said or did what it should not; the message is for whoever mends it."""


def read_in_every_way(path: Path) -> bool:
    """Whether the archive is whole.

    Raises Unsound when an error does not name the file, or when commands contradict each other; anything else that is
    raised is a mistake too.
    """
    complaints = {look: _complaint_of(path, *look) for look in LOOKS}
    verdict, report = _run("verify", str(path)) if _opens(path) else (1, "")
    if verdict == 0 and any(complaints.values()):
        raise Unsound(f"verify calls whole what cannot be read: {complaints}")
    if report:
        _check_repair(path, whole=verdict == 0)
    return verdict == 0


def _opens(path: Path) -> bool:
    return _complaint_of(path, "verify") == ""


def _check_repair(path: Path, *, whole: bool) -> None:
    target = path.with_name(path.name + ".repaired")
    try:
        complaint = _complaint_of(path, "repair", "-o", str(target))
        if complaint:
            if whole or "without its header" not in complaint:
                raise Unsound(f"repair fails: {complaint}")
            return
        status, report = _run("verify", str(target))
        if status != 0:
            raise Unsound(f"what repair wrote is not whole: {report}")
    finally:
        target.unlink(missing_ok=True)


def _complaint_of(path: Path, *arguments: str) -> str:
    """What a command cannot do; empty when it can."""
    try:
        _run(arguments[0], str(path), *arguments[1:])
    except ArchiveError as error:
        if not str(error).startswith(str(path)):
            raise Unsound(f"{arguments}: the file is not named: {error}") from error
        return str(error)
    return ""


def _run(*arguments: str) -> tuple[int, str]:
    """The status of a command and its output."""
    for stream in (_OUTPUT, _SAID):
        stream.seek(0)
        stream.truncate()
    with contextlib.redirect_stdout(_OUTPUT), contextlib.redirect_stderr(_SAID):
        status = redrive.main(list(arguments), prog_name="redrive", standalone_mode=False)
    text = _OUTPUT.getvalue()
    if not all(one.isprintable() or one == "\n" for one in text):
        raise Unsound(f"{arguments}: what does not print was printed")
    return int(status or 0), text
