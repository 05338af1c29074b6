"""What is no batch of requests is refused, with the column, the row and what would be right."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

import arrow_tables
import example
import sendas

SNAPSHOT = example.SNAPSHOT


def batch(**columns: Any) -> Any:
    """Return a batch of one request with these columns."""
    return pa.record_batch({"now": [0], "channel": ["smtp"], **columns})


def fields(*given: Any) -> Any:
    return pa.array([list(given)], arrow_tables.FIELDS)


def test_columns_that_no_decision_has_are_named() -> None:
    for columns, problems in [
        (["verdict", "reson", "x", "verdict"], [
            "the decision has no column `reson` (did you mean `reason`?)",
            "the decision has no column `x`",
            "the column `verdict` of the decision is asked for twice",
        ]),
        ([], ["`columns` names no column of the decision; leave it out for all of them"]),
    ]:  # fmt: skip
        for data in (batch(), pa.table(batch())):
            with pytest.raises(TypeError) as caught:
                SNAPSHOT.evaluate_arrow(data, columns=columns)  # type: ignore[arg-type]
            assert str(caught.value).splitlines() == problems


def test_every_problem_of_a_schema_is_named_at_once() -> None:
    table = pa.table({"now": [0.5], "acount": ["alice"], "stage": [1], "other": [2], "twice": [3]})
    with pytest.raises(TypeError) as caught:
        SNAPSHOT.evaluate_arrow(table, keep=["nix", "twice", "twice", "stage"])
    assert str(caught.value).splitlines() == [
        "the column `now` must be a timestamp with a time zone, an integer of seconds since 1970, or an RFC 3339 string, not Float64",
        "the column `acount` is no fact of a request (did you mean `account`?); leave it out, or name it in `keep`",
        "the column `stage` must be string or binary, not Int64",
        "the column `other` is no fact of a request; leave it out, or name it in `keep`",
        "the column `channel` is missing: it is string or binary",
        "`nix` cannot be kept: there is no such column",
        "`twice` is to be kept twice",
        "`stage` cannot be kept: the decision has a column of that name",
    ]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"now": pa.array([0], pa.timestamp("us"))}, r"`now` .* not Timestamp\(µs\); without a time zone"),
        ({"now": pa.array([0], pa.date32())}, "`now` must be"),
        ({"account": pa.array([1])}, "`account` must be string or binary, not Int64"),
        ({"scopes": pa.array(["mail.send"])}, "`scopes` must be list of string or binary, not Utf8"),
        ({"scopes": pa.array([[1]])}, "`scopes` must be"),
        ({"smtputf8": pa.array([1])}, "`smtputf8` must be bool, not Int64"),
        ({"envelope_sender": pa.array([{"path": "<>"}])}, "`envelope_sender` must be"),
        ({"envelope_sender": pa.array([{"path": 1, "unquoted": "a"}])}, "`envelope_sender` must be"),
        ({"header": pa.array([["From: a"]])}, r"`header` must be .*list<struct<name, body>>"),
        ({"header": pa.array([[{"name": "From"}]])}, "`header` must be"),
        ({"header": pa.array([[("From", "a")]], pa.map_(pa.string(), pa.string()))}, "a map may have lost repeated fields"),
    ],
)
def test_a_wrong_type_is_named(columns: dict[str, Any], problem: str) -> None:
    for data in (batch(**columns), pa.table(batch(**columns))):
        with pytest.raises(TypeError, match=problem):
            SNAPSHOT.evaluate_arrow(data)


def test_two_columns_of_a_name_are_refused() -> None:
    twice = pa.RecordBatch.from_arrays([pa.array([0]), pa.array(["smtp"]), pa.array(["api"])], ["now", "channel", "channel"])
    with pytest.raises(TypeError, match="`channel` is the name of two columns"):
        SNAPSHOT.evaluate_arrow(twice)


@pytest.mark.parametrize("data", [None, [], {"now": [0]}, "table", object()], ids=repr)
def test_what_exports_nothing_is_refused(data: Any) -> None:
    with pytest.raises(TypeError, match="`data` must be an object with `__arrow_c_stream__` or `__arrow_c_array__`"):
        SNAPSHOT.evaluate_arrow(data)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match="a table or an array of structs is expected, not one of type Int64"):
        SNAPSHOT.evaluate_arrow(pa.array([1]))
    with pytest.raises(ValueError, match="a table or an array of structs is expected"):
        SNAPSHOT.evaluate_arrow(pa.chunked_array([["a"]]))


def test_exports_that_are_none_are_refused() -> None:
    class Export:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def __arrow_c_array__(self, requested_schema: object | None = None) -> Any:
            return self.answer

    class Stream:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
            return batch().__arrow_c_array__()[0]

    class Failing:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:
            raise KeyError("gone")

    schema, array = batch().__arrow_c_array__()
    with pytest.raises(TypeError, match="pair of capsules"):
        SNAPSHOT.evaluate_arrow(Export(1))
    with pytest.raises(TypeError, match="a capsule of the name `arrow_schema` is expected"):
        SNAPSHOT.evaluate_arrow(Export((1, 2)))
    with pytest.raises(ValueError, match="incorrect name"):
        SNAPSHOT.evaluate_arrow(Export((array, schema)))
    with pytest.raises(ValueError, match="incorrect name"):
        SNAPSHOT.evaluate_arrow(Stream())
    with pytest.raises(KeyError, match="gone"):
        SNAPSHOT.evaluate_arrow(Failing())
    assert len(SNAPSHOT.evaluate_arrow(Export((schema, array)))) == 1
    with pytest.raises(ValueError, match="the array has been consumed already"):
        SNAPSHOT.evaluate_arrow(Export((schema, array)))
    reader = pa.RecordBatchReader.from_batches(batch().schema, iter([batch()]))
    assert pa.table(SNAPSHOT.evaluate_arrow(reader)).num_rows == 1
    assert pa.table(SNAPSHOT.evaluate_arrow(reader)).num_rows == 0


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"now": pa.array([None], pa.int64())}, "`now` is null, but every request is decided at an instant"),
        ({"now": [1_796_083_200_000]}, "`now`: whole seconds .* in milliseconds it would be 2026-12-01T00:00:00Z"),
        ({"now": pa.array([2**64 - 1], pa.uint64())}, "`now`: whole seconds"),
        ({"now": ["2026-12-01T00:00:00"]}, "`now` must be an RFC 3339 date-time .* not `2026-12-01T00:00:00`"),
        ({"now": pa.array([b"\xff\0"])}, r"not `�\\0`"),
        ({"channel": pa.array([None], pa.string())}, "`channel` is null, but every request comes on one"),
        ({"channel": ["smpt"]}, "`channel` must be one of `smtp`, `api`, `webmail`, `panel`, not `smpt`"),
        ({"channel": ["x" * 100]}, "not `x{60}`…"),
        ({"credential_kind": ["token"]}, "`credential_kind` must be one of"),
        ({"tls": ["yes"]}, "`tls` must be one of `plain`, `starttls`, `implicit`, not `yes`"),
        ({"stage": [""]}, "`stage` must be one of"),
        ({"credential_id": ["key-1"]}, "`credential_kind` is needed where there is a `credential_id` or `scopes`"),
        ({"scopes": pa.array([[]], pa.list_(pa.string()))}, "`credential_kind` is needed"),
        ({"credential_kind": ["oauth"], "scopes": [["mail.send", None]]}, "an element of `scopes` is null"),
        ({"envelope_sender": [{"path": "<>", "unquoted": "a"}]}, "`envelope_sender` has a `path` and an `unquoted`"),
        ({"header": fields(None)}, "a field of `header` lacks its name or its body"),
        ({"header": fields({"name": b"From", "body": None})}, "lacks its name or its body"),
        ({"header": fields({"name": None, "body": b"a"})}, "lacks its name or its body"),
    ],
)
def test_a_row_that_is_no_request_is_named(columns: dict[str, Any], problem: str) -> None:
    wrong = batch(**columns)
    with pytest.raises(ValueError, match=f"^row 0, counted from 0: .*{problem}"):
        SNAPSHOT.evaluate_arrow(wrong)
    right = wrong.slice(1)
    stream = pa.Table.from_batches([right, wrong])
    with pytest.raises(ValueError, match=f"row 0, counted from 0: .*{problem}"):
        pa.table(SNAPSHOT.evaluate_arrow(stream))


def test_the_row_is_counted_over_all_batches() -> None:
    whole = arrow_tables.batch([example.request()] * 40_000)
    wrong = pa.record_batch({"now": pa.array([None], pa.int64()), "channel": ["smtp"]})
    table = pa.concat_tables([pa.table(whole), pa.table(wrong)], promote_options="permissive")
    with pytest.raises(ValueError, match="row 40000, counted from 0"):
        pa.table(SNAPSHOT.evaluate_arrow(table))
    with pytest.raises(ValueError, match="row 40000, counted from 0"):
        SNAPSHOT.evaluate_arrow(table.combine_chunks().to_batches()[0])


def test_a_row_that_is_null_as_a_whole_is_refused() -> None:
    rows = pa.array([{"now": 0, "channel": "smtp"}, None])
    with pytest.raises(ValueError, match="row 1, counted from 0: the row is null as a whole"):
        SNAPSHOT.evaluate_arrow(rows)
    with pytest.raises(ValueError, match="the row is null as a whole"):
        pa.table(SNAPSHOT.evaluate_arrow(pa.chunked_array([rows])))
    assert len(SNAPSHOT.evaluate_arrow(rows.slice(0, 1))) == 1


def test_a_reader_that_raises_midway_fails_what_reads_the_decisions() -> None:
    def batches() -> Any:
        yield batch()
        raise RuntimeError("the disk is gone")

    reader = pa.RecordBatchReader.from_batches(batch().schema, batches())
    decided = pa.RecordBatchReader.from_stream(SNAPSHOT.evaluate_arrow(reader))
    assert decided.read_next_batch().num_rows == 1
    with pytest.raises(Exception, match="the stream failed: .*the disk is gone"):
        decided.read_next_batch()
    with pytest.raises(StopIteration):
        decided.read_next_batch()


Breakable = tuple[Any, Callable[[], None]]
"""An array, and what breaks it after pyarrow has looked at it."""


def breakable(right: bytes, wrong: bytes, build: Callable[[Any], Any]) -> Breakable:
    octets = bytearray(right)

    def break_it() -> None:
        octets[:] = wrong

    return build(pa.py_buffer(octets)), break_it


def strings(wrong: bytes) -> Breakable:
    octets = pa.py_buffer(b"alice" * 4)
    return breakable(int32(0, 5, 5), wrong, lambda offsets: pa.Array.from_buffers(pa.string(), 2, [None, offsets, octets]))


def views(wrong: bytes) -> Breakable:
    short, octets = int32(5) + b"alice" + bytes(7), pa.py_buffer(b"alice" * 4)
    right = short + int32(20) + b"alic" + int32(0, 0)
    return breakable(right, short + wrong, lambda view: pa.Array.from_buffers(pa.string_view(), 2, [None, view, octets]))


def keys(wrong: bytes) -> Breakable:
    def build(indices: Any) -> Any:
        return pa.DictionaryArray.from_arrays(pa.Array.from_buffers(pa.int8(), 2, [None, indices]), pa.array(["alice"]))

    return breakable(b"\0\0", wrong, build)


def int32(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "little", signed=True) for number in numbers)


BROKEN: dict[str, Callable[[], Breakable]] = {
    "offsets that go back": lambda: strings(int32(0, 9, 5)),
    "a negative first offset": lambda: strings(int32(-5, 0, 5)),
    "a negative last offset": lambda: strings(int32(0, 5, -1)),
    "a key behind the dictionary": lambda: keys(b"\0\7"),
    "a negative key": lambda: keys(b"\0\xff"),
    "a view of no buffer": lambda: views(int32(20) + b"alic" + int32(3, 0)),
    "a view behind its buffer": lambda: views(int32(20) + b"alic" + int32(0, 9)),
    "a view of negative length": lambda: views(int32(-20) + b"alic" + int32(0, 0)),
}


@pytest.mark.parametrize("account", BROKEN.values(), ids=BROKEN)
def test_arrays_that_point_outside_are_refused(account: Callable[[], Breakable]) -> None:
    array, break_it = account()
    data = pa.record_batch({"now": [0, 0], "channel": ["smtp"] * 2, "account": array})
    table = pa.table(data)
    assert len(SNAPSHOT.evaluate_arrow(data)) == 2
    break_it()
    with pytest.raises(ValueError, match="`account` is no valid Arrow array: it points outside of its buffers"):
        SNAPSHOT.evaluate_arrow(data)
    with pytest.raises(ValueError, match="`account` is no valid Arrow array"):
        pa.table(SNAPSHOT.evaluate_arrow(table))


def test_arrays_of_random_octets_are_decided_or_refused() -> None:
    choice = random.Random(4)
    outcomes = set()
    for _ in range(400):
        ways: list[Callable[[], Breakable]] = [
            # The last offset stays: how long a buffer is, the interface does not say.
            lambda: strings(choice.randbytes(8) + int32(5)),
            lambda: strings(int32(*sorted(choice.choices(range(21), k=2)), 20)),
            lambda: keys(choice.randbytes(2)),
            lambda: views(choice.randbytes(16)),
            lambda: views(int32(choice.randrange(30)) + b"alic" + int32(choice.randrange(2), choice.randrange(20))),
        ]
        array, break_it = choice.choice(ways)()
        data = pa.record_batch({"now": [0, 0], "channel": ["smtp"] * 2, "account": array})
        break_it()
        try:
            outcomes.add(len(SNAPSHOT.evaluate_arrow(data)))
        except ValueError as error:
            assert "`account` is no valid Arrow array" in str(error)
            outcomes.add(0)
    assert outcomes == {0, 2}


@pytest.mark.parametrize("wrong", [(0, 5), (-1, 1), (1, 0)])
def test_lists_that_point_outside_are_refused(wrong: tuple[int, int]) -> None:
    given, elements = pa.list_(pa.string()), pa.array(["mail.send"])

    def build(offsets: Any) -> Any:
        return pa.Array.from_buffers(given, 1, [None, offsets], children=[elements])

    scopes, break_it = breakable(int32(0, 1), int32(*wrong), build)
    data = batch(credential_kind=["oauth"], scopes=scopes)
    break_it()
    with pytest.raises(ValueError, match="`scopes` is no valid Arrow array"):
        SNAPSHOT.evaluate_arrow(data)


def test_what_is_no_utf8_in_a_column_of_strings_is_decided_as_octets() -> None:
    account = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(int32(0, 1)), pa.py_buffer(b"\xff")])
    assert [row["reason"] for row in pa.table(SNAPSHOT.evaluate_arrow(batch(account=account))).to_pylist()] == [
        "unknown_account"
    ]


def test_an_interrupt_ends_a_long_batch() -> None:
    one = arrow_tables.batch([example.request(header="From: alice@acme.example\r\n" + "X: y\r\n" * 200 + "\r\n")] * 1_000)
    many = pa.concat_batches([one] * 400)
    timer = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT))
    # Who starts the tests in the background may have them ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            # On a busy machine the signal comes before this returns.
            timer.start()
            SNAPSHOT.evaluate_arrow(many)
            # Where it was faster, the signal comes here.
            timer.join()
            time.sleep(10)
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)


def test_random_octets_in_every_column_are_decided() -> None:
    choice = random.Random(3)
    texts = [choice.randbytes(choice.randrange(40)) for _ in range(500)]
    block = [b"From:" + text for text in texts]
    columns = {
        "now": [0] * 500,
        "channel": ["smtp"] * 500,
        **{name: choice.sample(texts, 500) for name in ("account", "role", "client_ip", "credential_id", "envelope_sender")},
        "credential_kind": ["oauth"] * 500,
        "scopes": [[text] for text in texts],
        "header": block,
    }
    assert set(pa.table(SNAPSHOT.evaluate_arrow(pa.record_batch(columns)))["verdict"].to_pylist()) == {"deny"}


def test_the_result_has_no_other_door() -> None:
    for kind in (sendas.DecisionBatch, sendas.DecisionStream):
        with pytest.raises(TypeError):
            kind()
