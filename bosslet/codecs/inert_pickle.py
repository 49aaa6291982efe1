"""Pickles of one NumPy array, read without ever unpickling anything.

``pickletools`` parses, which executes nothing; the few opcodes that honest pickles of an array are made of are acted
out on inert values: strings, numbers, tuples and the stand-ins of ``ndarray_pickle``. Every other opcode is refused
before its argument is read. What a pickle can cost is bounded: opcodes are counted, the memo is a dictionary (an index
of two billion costs as much as any other), and the text that old protocols need is measured before it is read.
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from enum import Enum, auto
from io import BytesIO

from bosslet.codecs.ndarray_pickle import PickledArray, built, called, named
from bosslet.errors import DecodeError

MAX_OPCODES = 256
"""An honest array takes around 60."""
MAX_TEXT = 64 * 2**20
"""Bytes of text, together: in memory a single odd character makes all of a text four times as long."""

Argument = str | bytes | bytearray | int | None
"""What the allowed opcodes carry."""


class _Mark(Enum):
    """Where on the stack the items of a tuple begin."""

    TUPLE = auto()


CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "MARK": _Mark.TUPLE, "EMPTY_TUPLE": ()}
NUMBERS = frozenset({"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1"})
TEXTS = frozenset({"UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING"})
DATA = frozenset({"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"})
LITERALS = NUMBERS | TEXTS | DATA
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
OTHERS = frozenset({"PROTO", "FRAME", "STOP", "TUPLE", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"})
ALLOWED = frozenset(
    opcode.code.encode("latin1")
    for opcode in pickletools.opcodes
    if opcode.name in {*CONSTANTS, *LITERALS, *TUPLES, *PUTS, *GETS, *OTHERS}
)


def read(pickled: bytes) -> PickledArray:
    """What the pickle says.

    Raises:
        DecodeError: not a pickle of one array and nothing else.
    """
    stack, memo = _Stack(), dict[Argument, object]()
    try:
        for name, argument in _opcodes(pickled):
            _act(name, argument, stack, memo)
    except (ValueError, DeprecationWarning) as error:  # from pickletools; a warning only where they are errors
        raise DecodeError(f"not a pickle: {str(error)[:100]}") from error
    array = stack.pop()
    if stack.items or not isinstance(array, PickledArray):
        raise DecodeError("a pickle of something other than one NumPy array")
    return array


def _opcodes(pickled: bytes) -> Iterator[tuple[str, Argument]]:
    """Name and argument of each opcode before STOP, which has to be the last byte."""
    source = BytesIO(pickled)
    parsed = pickletools.genops(source)
    text = 0
    for _ in range(MAX_OPCODES):
        text += _text_ahead(pickled, source.tell())
        if text > MAX_TEXT:
            raise DecodeError(f"a pickle with more than {MAX_TEXT} bytes of text")
        opcode, argument, position = next(parsed)
        if opcode.name == "STOP":
            if position != len(pickled) - 1:
                raise DecodeError("bytes after the end of a pickle")
            return
        yield opcode.name, argument
    raise DecodeError(f"a pickle of more than {MAX_OPCODES} opcodes")


def _text_ahead(pickled: bytes, at: int) -> int:
    """How many bytes of text the next opcode claims; raises DecodeError when it is not one of the allowed ones."""
    opcode = pickled[at : at + 1]
    if opcode not in ALLOWED:
        raise DecodeError(f"a pickle with opcode {opcode!r}, which no array needs" if opcode else "a cut-off pickle")
    if opcode == b"X":  # BINUNICODE
        return int.from_bytes(pickled[at + 1 : at + 5], "little")
    return pickled.find(b"\n", at) - at if opcode == b"V" else 0  # UNICODE


class _Stack:
    """The stack of the machine; what is missing on it is the pickle's fault."""

    def __init__(self) -> None:
        self.items: list[object] = []

    def push(self, item: object) -> None:
        self.items.append(item)

    def pop(self) -> object:
        if not self.items:
            raise DecodeError("a pickle that takes more from its stack than it put there")
        return self.items.pop()

    def pop_many(self, count: int) -> tuple[object, ...]:
        return tuple(self.pop() for _ in range(count))[::-1]

    def pop_to_mark(self) -> tuple[object, ...]:
        return tuple(iter(self.pop, _Mark.TUPLE))[::-1]


def _act(name: str, argument: Argument, stack: _Stack, memo: dict[Argument, object]) -> None:
    if name in LITERALS:
        stack.push(argument)
    elif name in CONSTANTS:
        stack.push(CONSTANTS[name])
    elif name in PUTS:
        top = stack.pop()
        memo[len(memo) if argument is None else argument] = top
        stack.push(top)
    elif name in GETS:
        if argument not in memo:
            raise DecodeError("a pickle that refers to what it never memorised")
        stack.push(memo[argument])
    elif name not in {"PROTO", "FRAME"}:
        stack.push(_made(name, argument, stack))


def _made(name: str, argument: Argument, stack: _Stack) -> object:
    """The value that an opcode makes from what it takes from the stack."""
    if name == "TUPLE":
        return stack.pop_to_mark()
    if name in TUPLES:
        return stack.pop_many(TUPLES[name])
    if name == "GLOBAL":
        return named(*str(argument).split(" ", 1))
    first, second = stack.pop_many(2)
    if name == "STACK_GLOBAL":
        return named(first, second)
    return called(first, second) if name == "REDUCE" else built(first, second)
