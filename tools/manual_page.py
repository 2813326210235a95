"""The manual page in man(7)'s language, from the same click commands as --help."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from redrive.formats.version import VERSION

_UNFILLED = "\b"
"""A paragraph that begins with a line of this keeps its lines: click's own mark."""


def manual_page(group: click.Group) -> str:
    """The page redrive(1): the group's help and epilogue, and a subsection for each command."""
    return "\n".join(_lines(group)) + "\n"


def _lines(group: click.Group) -> Iterator[str]:
    name = group.name or "redrive"
    ctx = click.Context(group, info_name=name, **group.context_settings)
    yield f'.TH {name.upper()} 1 "" "{name} {VERSION}" "User Commands"'
    # What is to be typed must not be cut.
    yield from (".nh", ".SH NAME")
    summary = inspect.cleandoc(group.help or "").split("\n\n")[0]
    yield f"{name} \\- {_text(_sentence(summary))}"
    yield ".SH SYNOPSIS"
    yield from (f".B {name}", _text(" ".join(group.collect_usage_pieces(ctx))))
    yield ".SH DESCRIPTION"
    yield from _paragraphs(group.help)
    yield ".SH OPTIONS"
    yield from _options(group, ctx)
    yield ".SH COMMANDS"
    for command_name in group.list_commands(ctx):
        command = group.get_command(ctx, command_name)
        assert command is not None
        command_ctx = click.Context(command, info_name=command_name, parent=ctx)
        pieces = " ".join(command.collect_usage_pieces(command_ctx))
        yield f'.SS "{_text(f"{name} {command_name} {pieces}")}"'
        yield from _paragraphs(command.help)
        yield from _options(command, command_ctx)
    yield ".SH NOTES"
    yield from _paragraphs(group.epilog)


def _sentence(text: str) -> str:
    """As NAME has it: one line, no capital, no full stop."""
    line = " ".join(text.split()).rstrip(".")
    return line[:1].lower() + line[1:]


def _paragraphs(text: str | None) -> Iterator[str]:
    for number, paragraph in enumerate(inspect.cleandoc(text or "").split("\n\n")):
        lines = paragraph.splitlines()
        if number:
            yield ".PP"
        if lines and lines[0].strip(" ") == _UNFILLED:
            yield from (".nf", *map(_text, lines[1:]), ".fi")
        else:
            yield from map(_text, lines)


def _options(command: click.Command, ctx: click.Context) -> Iterator[str]:
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
        if record is not None:
            names, description = record
            yield from (".TP", f'.B "{_text(names)}"', _text(description))


_ESCAPES = str.maketrans({"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", '"': "\\(dq"})


def _text(text: str) -> str:
    """Nothing in it is a request or an escape, and what is to be typed can be copied to a shell (groff_char(7))."""
    escaped = text.translate(_ESCAPES)
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
