"""What the structures of Arrow's C data interface say of themselves is looked at before anything that they point to."""

import ctypes
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

import example

SNAPSHOT = example.SNAPSHOT
POINTER = ctypes.c_void_p


class Schema(ctypes.Structure):
    _fields_ = [
        *((name, POINTER) for name in ("format", "name", "metadata")),
        *((name, ctypes.c_int64) for name in ("flags", "n_children")),
        *((name, POINTER) for name in ("children", "dictionary", "release", "private")),
    ]


class Array(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
        *((name, POINTER) for name in ("buffers", "children", "dictionary", "release", "private")),
    ]


Break = Callable[[Any], Any]
"""Breaks an array or a schema, or finds what is to be broken in it."""


def whole(structure: Any) -> Any:
    return structure


def column(number: int, *path: int) -> Break:
    """Return what finds a column, or what is in it."""

    def find(structure: Any) -> Any:
        for place in (number, *path):
            children = (POINTER * structure.n_children).from_address(structure.children)
            structure = type(structure).from_address(children[place] or 0)
        return structure

    return find


def values(structure: Any) -> Any:
    """Return what is in the dictionary of the column `account`."""
    return type(structure).from_address(column(2)(structure).dictionary)


def sets(find: Break, **members: Any) -> Break:
    def break_it(structure: Any) -> None:
        for name, value in members.items():
            setattr(find(structure), name, value)

    return break_it


def text(octets: bytes) -> int:
    """Return the address of octets."""
    KEPT.append(ctypes.create_string_buffer(octets))
    return ctypes.addressof(KEPT[-1])


KEPT: list[Any] = []
"""What C points to, which is never freed."""


def batch() -> Any:
    return pa.record_batch({
        "now": [0, 0],
        "channel": ["smtp"] * 2,
        "account": pa.array(["alice", "bob"]).dictionary_encode(),
        "scopes": pa.array([["mail.send"]] * 2),
        "credential_kind": ["oauth"] * 2,
        "role": pa.array(["a", "b"], pa.string_view()),
        "size": pa.array([b"abc"] * 2, pa.binary(3)),
    })  # fmt: skip


class Export:
    """Exports a broken batch."""

    def __init__(self, schema: Break, array: Break) -> None:
        self.breaks = schema, array

    def __arrow_c_array__(self, requested_schema: object | None = None) -> Any:
        schema, array = batch().__arrow_c_array__()
        for capsule, name, kind, break_it in zip((schema, array), NAMES, (Schema, Array), self.breaks, strict=True):
            break_it(kind.from_address(take(capsule, name)))
        return schema, array


NAMES = (b"arrow_schema", b"arrow_array")
take = ctypes.pythonapi.PyCapsule_GetPointer
take.restype, take.argtypes = POINTER, [ctypes.py_object, ctypes.c_char_p]


def decide(schema: Break, array: Break) -> int:
    """Decide a broken batch, and return how many decisions there are."""
    return len(SNAPSHOT.evaluate_arrow(Export(schema, array), keep=["size"]))


SCHEMAS: dict[str, tuple[Break, str]] = {
    "released": (sets(whole, release=None), "it has been released"),
    "a released column": (sets(column(0), release=None), "it has been released"),
    "no format": (sets(column(0), format=None), "a type in it has no format"),
    "less than no children": (sets(whole, n_children=-1), "a type in it cannot have -1 children"),
    "no end of metadata": (sets(column(0), metadata=text(b"\xff\xff\xff\x7f")), "cannot have 2147483647 entries of metadata"),
}

ARRAYS: dict[str, tuple[Break, str]] = {
    "a released column": (sets(column(2), release=None), "`account` .* it has been released"),
    "released values": (sets(values, release=None), "`account` .* it has been released"),
    "less than no rows": (sets(column(1), length=-1), "`channel` .* it cannot have -1 rows from number 0 on"),
    "less than no rows at all": (sets(whole, length=-1), "the batch .* it cannot have -1 rows from number 0 on"),
    "less than no values": (sets(values, length=-(2**63)), "`account` .* it cannot have -9223372036854775808 rows"),
    "before the first row": (sets(column(0), offset=-1), "`now` .* it cannot have 2 rows from number -1 on"),
    "behind all numbers": (sets(column(0), offset=2**63 - 1), "`now` .* rows from number 9223372036854775807 on"),
    "behind all memory": (sets(column(3, 0), length=2**60), "`scopes` .* it cannot have 1152921504606846976 rows"),
    "no buffers": (sets(column(3, 0), n_buffers=0), "`scopes` .* it has 0 buffers, and its type needs 3"),
    "less than no buffers": (sets(column(1), n_buffers=-1), "`channel` .* it has -1 buffers, and its type needs 3"),
    "too few behind views": (sets(column(5), n_buffers=2), "`role` .* it has 2 buffers, and its type needs 3"),
    "too many behind views": (sets(column(5), n_buffers=2**40), "`role` .* it has 1099511627776 buffers"),
}  # fmt: skip

COUNTS: dict[str, tuple[Break, str]] = {
    "fewer columns": (sets(whole, n_children=1), "a type in it has 7 children, and its array 1"),
    "less than no elements": (sets(column(3), n_children=-1), "a type in it has 1 children, and its array -1"),
}

TYPES: dict[str, tuple[Break, str]] = {
    "values of less than no octets": (sets(column(6), format=text(b"w:-1")), "a value cannot have the size -1"),
    "a dictionary with keys of text": (sets(column(2), format=text(b"u")), "Utf8 cannot be the type of a dictionary's keys"),
}


@pytest.mark.parametrize(("break_it", "problem"), (SCHEMAS | TYPES).values(), ids=SCHEMAS | TYPES)
def test_a_broken_schema_is_refused(break_it: Break, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        decide(break_it, whole)


@pytest.mark.parametrize(("break_it", "problem"), (ARRAYS | COUNTS).values(), ids=ARRAYS | COUNTS)
def test_a_broken_array_is_refused(break_it: Break, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        decide(whole, break_it)


def test_what_is_whole_is_decided() -> None:
    assert decide(whole, whole) == 2


def test_types_in_types_come_to_an_end() -> None:
    def nested(levels: int) -> Any:
        within: Any = pa.array([1])
        for _ in range(levels):
            within = pa.StructArray.from_arrays([within], ["x"])
        return pa.record_batch({"now": [0], "channel": ["smtp"], "other": within})

    # The table is a level, and what is in the innermost struct.
    assert len(SNAPSHOT.evaluate_arrow(nested(62), keep=["other"])) == 1
    for data in (nested(63), pa.Table.from_batches([nested(63)])):
        with pytest.raises(ValueError, match="its types are nested over 64 levels deep"):
            SNAPSHOT.evaluate_arrow(data, keep=["other"])
