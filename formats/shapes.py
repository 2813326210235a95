"""Shapes: what a value that msgpack has decoded must look like before it is believed.

A shape is a function from the decoded value to the typed one.  It raises Misfit for anything else, so that
bytes nobody vouches for can end only in a value of the declared type or in one sentence about what is wrong.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Shape: TypeAlias = Callable[[Any], Any]


class Misfit(Exception):
    """A decoded value has another shape than the format says; the message says which."""


def _misfit(expected: str, value: object) -> Misfit:
    return Misfit(f"{expected} expected, found {_describe(value)}")


def _describe(value: object) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'a map'} of {len(value)}"
    if isinstance(value, str) and len(value) > 40:
        return f"a string of {len(value)} characters"
    return repr(value)


def integer(value: Any) -> int:
    """A whole number from -2**63 to 2**64 - 1, which is all that msgpack can hold."""
    if type(value) is int:
        return value
    raise _misfit("a whole number", value)


def unsigned(value: Any) -> int:
    """A whole number from 0 to 2**64 - 1."""
    if type(value) is int and value >= 0:
        return value
    raise _misfit("a whole number from 0 on", value)


def number(value: Any) -> float:
    """A floating-point number."""
    if type(value) is float:
        return value
    raise _misfit("a floating-point number", value)


def boolean(value: Any) -> bool:
    """True or false."""
    if type(value) is bool:
        return value
    raise _misfit("true or false", value)


def octets(value: Any) -> bytes:
    """Bytes of any length."""
    if type(value) is bytes:
        return value
    raise _misfit("bytes", value)


def text(value: Any) -> str:
    """A string."""
    if type(value) is str:
        return value
    raise _misfit("a string", value)


def text_up_to(most: int) -> Shape:
    """A string of so many characters at most."""

    def shape(value: Any) -> str:
        if type(value) is str and len(value) <= most:
            return value
        raise _misfit(f"a string of at most {most} characters", value)

    return shape


def octets_between(least: int, most: int) -> Shape:
    """Bytes whose number has these bounds."""

    def shape(value: Any) -> bytes:
        if type(value) is bytes and least <= len(value) <= most:
            return value
        raise _misfit(f"{least} to {most} bytes", value)

    return shape


def exactly(size: int) -> Shape:
    """Bytes of one length."""

    def shape(value: Any) -> bytes:
        if type(value) is bytes and len(value) == size:
            return value
        raise _misfit(f"{size} bytes", value)

    return shape


def integer_or_exactly(size: int) -> Shape:
    """A whole number, or bytes of one length."""

    def shape(value: Any) -> int | bytes:
        if type(value) is int or (type(value) is bytes and len(value) == size):
            return value
        raise _misfit(f"a whole number or {size} bytes", value)

    return shape


def member(members: type[enum.IntEnum]) -> Shape:
    """A number that the enumeration names; it stays a plain number."""
    known = frozenset(int(one) for one in members)

    def shape(value: Any) -> int:
        if type(value) is int and value in known:
            return value
        raise _misfit(f"a {members.__name__}", value)

    return shape


def either(*shapes: Shape) -> Shape:
    """What fits the first of several shapes that it fits."""

    def shape(value: Any) -> Any:
        for one in shapes[:-1]:
            try:
                return one(value)
            except Misfit:
                continue
        return shapes[-1](value)

    return shape


def nothing(value: Any) -> None:
    """Nil."""
    if value is not None:
        raise _misfit("nil", value)


def sequence(item: Shape) -> Shape:
    """A list whose items all have one shape; becomes a tuple."""

    def shape(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise _misfit("a list", value)
        return tuple([item(one) for one in value]) if value else ()

    return shape


def pair(first: Shape, second: Shape) -> Shape:
    """A list of two."""

    def shape(value: Any) -> tuple[Any, Any]:
        if type(value) is list and len(value) == 2:
            return first(value[0]), second(value[1])
        raise _misfit("a pair", value)

    return shape


def numbered_octets(value: Any) -> tuple[tuple[int, bytes], ...]:
    """A list of pairs of a whole number from 0 on and bytes.

    The same as sequence(pair(unsigned, octets)) in a third of the time: most events have such pairs.
    """
    if type(value) is not list:
        raise _misfit("a list", value)
    if not value:
        return ()
    pairs = []
    for one in value:
        if type(one) is not list or len(one) != 2 or type(one[0]) is not int or one[0] < 0 or type(one[1]) is not bytes:
            raise _misfit("pairs of a whole number from 0 on and bytes", one)
        pairs.append((one[0], one[1]))
    return tuple(pairs)


def few_numbered_octets(count: int, most: int) -> Shape:
    """As numbered_octets, but at most ``count`` pairs, each of at most ``most`` bytes."""

    def shape(value: Any) -> tuple[tuple[int, bytes], ...]:
        pairs = numbered_octets(value)
        if pairs and (len(pairs) > count or max([len(data) for _, data in pairs]) > most):
            raise _misfit(f"at most {count} pairs of at most {most} bytes", value)
        return pairs

    return shape


def mapping(item: Shape) -> Shape:
    """A map from strings to values of one shape."""

    def shape(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _misfit("a map", value)
        return {text(key): item(one) for key, one in value.items()}

    return shape


def record(kind: type[tuple[Any, ...]], fields: Mapping[str, Shape]) -> Shape:
    """A list that holds the fields of a NamedTuple class in order."""
    shapes = tuple(fields.values())
    size = len(shapes)
    make = functools.partial(tuple.__new__, kind)

    def shape(value: Any) -> Any:
        if type(value) is not list or len(value) != size:
            raise _misfit(f"the {size} fields of {kind.__name__}", value)
        try:
            return make([one(item) for one, item in zip(shapes, value)])  # noqa: B905, the lengths are equal
        except Misfit:
            _blame(kind, fields, value)
            raise

    return shape


def tagged(records: Mapping[int, Shape], what: str) -> Shape:
    """A list [code, *fields]; the code chooses among records."""

    def shape(value: Any) -> Any:
        if type(value) is not list or not value or type(value[0]) is not int:
            raise _misfit(f"{what}, a list that begins with a number,", value)
        chosen = records.get(value[0])
        if chosen is None:
            raise _misfit(f"the number of a known {what}", value[0])
        return chosen(value[1:])

    return shape


def named_fields(kind: type, fields: Mapping[str, Shape]) -> Shape:
    """A map with at least these keys; becomes a dataclass.  Keys it does not know are left to later versions."""

    def shape(value: Any) -> Any:
        if type(value) is not dict:
            raise _misfit(f"a map with the fields of {kind.__name__}", value)
        missing = [name for name in fields if name not in value]
        if missing:
            raise _misfit(f"{kind.__name__} with a field {missing[0]!r}", value)
        _blame(kind, fields, [value[name] for name in fields])
        return kind(**{name: one(value[name]) for name, one in fields.items()})

    return shape


def _blame(kind: type, fields: Mapping[str, Shape], values: list[Any]) -> None:
    """Raises Misfit with the name of the first field that does not fit."""
    for (name, shape), value in zip(fields.items(), values, strict=True):
        try:
            shape(value)
        except Misfit as misfit:
            raise Misfit(f"{kind.__name__}.{name}: {misfit}") from None
