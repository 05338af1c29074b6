"""What is decided in Arrow's columns is what `evaluate` decides row by row."""

import copy
import random
import threading
from itertools import product
from typing import Any, get_args

import pyarrow as pa
import pytest

import arrow_tables
import example
import sendas
import vectors
from sendas import DecisionColumn

SNAPSHOT = example.SNAPSHOT
VECTORS = vectors.load()


@pytest.mark.parametrize(("vector", "policies"), VECTORS, ids=[vector["id"] for vector, _ in VECTORS])
def test_every_vector_is_decided_alike(vector: dict[str, Any], policies: dict[str, Any]) -> None:
    snapshot = vectors.snapshot(vector, policies)
    if snapshot is None:
        pytest.skip("has no snapshot that could decide")
    request = vectors.request(vector)
    assert rows(snapshot.evaluate_arrow(arrow_tables.batch([request]))) == [arrow_tables.row(snapshot.evaluate(**request))]


@pytest.mark.parametrize("seed", range(8))
def test_generated_requests_are_decided_alike(seed: int) -> None:
    requests = generated(random.Random(seed), 500)
    decisions = SNAPSHOT.evaluate_many(requests)
    expected = [arrow_tables.row(decision) for decision in decisions]
    assert len({decision.verdict for decision in decisions}) > 1
    batch = arrow_tables.batch(requests)
    assert rows(SNAPSHOT.evaluate_arrow(batch)) == expected
    assert rows(SNAPSHOT.evaluate_arrow(pa.table(batch))) == expected
    for start, length in [(0, 0), (1, 1), (7, 64), (499, 1), (3, 497)]:
        piece = batch.slice(start, length)
        assert rows(SNAPSHOT.evaluate_arrow(piece)) == expected[start : start + length]
        assert rows(SNAPSHOT.evaluate_arrow(pa.Table.from_batches([piece, piece]))) == expected[start : start + length] * 2
    chunks = [batch.slice(start, start % 5) for start in range(0, 500, 3)]
    chunked = [decision for start in range(0, 500, 3) for decision in expected[start : start + start % 5]]
    assert rows(SNAPSHOT.evaluate_arrow(pa.Table.from_batches(chunks))) == chunked


@pytest.mark.parametrize("text", ["string", "large_string", "string_view", "binary", "large_binary", "binary_view"])
@pytest.mark.parametrize("encoded", [False, True], ids=["plain", "dictionary"])
def test_every_layout_of_text_is_read(text: str, encoded: bool) -> None:
    requests = [request for request in generated(random.Random(1), 800) if is_utf8(request)]
    assert len(requests) > 300
    expected = [arrow_tables.row(decision) for decision in SNAPSHOT.evaluate_many(requests)]
    batch = laid_out(arrow_tables.batch(requests), getattr(pa, text)(), encoded)
    assert rows(SNAPSHOT.evaluate_arrow(batch)) == expected
    assert rows(SNAPSHOT.evaluate_arrow(batch.slice(100, 50))) == expected[100:150]


@pytest.mark.parametrize("keys", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_a_dictionary_has_keys_of_any_width(keys: str) -> None:
    channel = pa.DictionaryArray.from_arrays(pa.array([1, 0, None], getattr(pa, keys)()), ["smtp", "api"])
    facts = pa.table({"now": [0, 0], "channel": channel.slice(0, 2), "account": ["alice", "alice"]})
    assert [row["verdict"] for row in rows(SNAPSHOT.evaluate_arrow(facts))] == ["deny", "deny"]
    with pytest.raises(ValueError, match="row 2, counted from 0: `channel` is null"):
        SNAPSHOT.evaluate_arrow(pa.record_batch({"now": [0, 0, 0], "channel": channel}))


@pytest.mark.parametrize(
    "now",
    [
        pa.array([example.NOW], pa.int32()),
        pa.array([example.NOW], pa.int64()),
        pa.array([example.NOW], pa.uint32()),
        pa.array([example.NOW], pa.uint64()),
        pa.array([example.NOW], pa.timestamp("s", "UTC")),
        pa.array([example.NOW * 1_000 + 999], pa.timestamp("ms", "Europe/Zurich")),
        pa.array([example.NOW * 1_000_000 + 999_999], pa.timestamp("us", "+05:30")),
        pa.array([example.NOW * 1_000_000_000 + 1], pa.timestamp("ns", "UTC")),
        pa.array(["2026-12-01T00:00:00Z"]),
        pa.array(["2026-12-01T05:30:00+05:30"], pa.string_view()),
    ],
    ids=lambda now: str(now.type),
)
def test_an_instant_has_any_unit_and_is_rounded_down(now: Any) -> None:
    # A credential that ends at this very second tells it from the one before.
    text = example.POLICY + f'expires = "{stamp(example.NOW + 1)}"\n'
    text_before = example.POLICY + f'expires = "{stamp(example.NOW)}"\n'
    facts = pa.table(
        {"now": now, "channel": ["api"], "account": ["grace"], "credential_kind": ["api_key"], "credential_id": ["key-1"]}
    )
    for policy, expired in [(text, False), (text_before, True)]:
        snapshot = sendas.Snapshot.compile(sendas.Policy.from_toml(policy))
        [row] = rows(snapshot.evaluate_arrow(facts))
        assert ("credential_expired" in [finding["reason"] for finding in row["reasons"]]) is expired


def test_what_has_no_column_or_is_null_is_not_known() -> None:
    request: sendas.Request = {"now": 0, "channel": "smtp"}
    expected = [arrow_tables.row(SNAPSHOT.evaluate(**request))]
    bare = pa.record_batch({"now": [0], "channel": ["smtp"]})
    assert rows(SNAPSHOT.evaluate_arrow(bare)) == expected
    nulls = {name: pa.nulls(1) for name in [*arrow_tables.TYPES, "header"]}
    assert rows(SNAPSHOT.evaluate_arrow(pa.record_batch({**nulls, "now": [0], "channel": ["smtp"]}))) == expected
    typed = {name: pa.nulls(1, given) for name, given in {**arrow_tables.TYPES, "header": arrow_tables.FIELDS}.items()}
    assert rows(SNAPSHOT.evaluate_arrow(pa.record_batch({**typed, "now": [0], "channel": ["smtp"]}))) == expected


def test_the_missing_fact_is_the_reason() -> None:
    facts = example.request()
    for name, reason in [
        ("account", "authentication_required"),
        ("envelope_sender", "sender_unknown"),
        ("header", "header_not_given"),
    ]:
        given = {**facts, name: None}
        [row] = rows(SNAPSHOT.evaluate_arrow(arrow_tables.batch([given])))  # type: ignore[list-item]
        assert (row["verdict"], row["reason"]) == ("deny", reason)


def test_kept_columns_stand_before_the_decisions_as_they_are() -> None:
    batch = arrow_tables.batch([example.request(), example.request(account="bob")])
    ids = pa.array([{"day": 7}, None], pa.struct([("day", pa.int8())]))
    wide = batch.append_column("id", ids).append_column("note", pa.array(["a", "b"]).dictionary_encode())
    answer = pa.record_batch(SNAPSHOT.evaluate_arrow(wide, keep=["note", "id", "account"]))
    assert answer.schema.names[:4] == ["note", "id", "account", "verdict"]
    assert answer.column("id").equals(ids)
    assert answer.column("note").equals(wide.column("note"))
    # Not copied: what was handed over is handed back.
    assert answer.column("account").buffers()[2].address == batch.column("account").buffers()[2].address
    stream = pa.table(SNAPSHOT.evaluate_arrow(pa.table(wide).slice(1), keep=["id", "note"]))
    assert stream.to_pylist()[0]["id"] is None
    assert stream.num_rows == 1


def test_only_the_columns_that_are_asked_for_are_given() -> None:
    requests = [example.request(), example.request(account="bob"), example.request(envelope_sender="<eve@globex.example>")]
    batch = arrow_tables.batch(requests)
    whole = pa.record_batch(SNAPSHOT.evaluate_arrow(batch))
    names = whole.schema.names
    assert list(get_args(DecisionColumn)) == names
    for asked in [names[:1], names[3:5], names[6:7], names[7:8], names[10:], names[::-1]]:
        answer = pa.record_batch(SNAPSHOT.evaluate_arrow(batch, columns=asked))
        assert answer.equals(whole.select([name for name in names if name in asked]))
        assert pa.table(SNAPSHOT.evaluate_arrow(pa.table(batch), columns=asked)).to_batches()[0].equals(answer)
    # What is not given cannot be in the way of what is kept.
    kept = pa.record_batch(SNAPSHOT.evaluate_arrow(batch.append_column("octets", pa.array(["a", "b", "c"])), keep=["octets"], columns=["verdict"]))
    assert kept.to_pydict() == {"octets": ["a", "b", "c"], "verdict": whole["verdict"].to_pylist()}


def test_a_batch_answers_with_a_batch_and_a_stream_with_a_stream() -> None:
    batch = arrow_tables.batch([example.request()] * 3)
    decided = SNAPSHOT.evaluate_arrow(batch)
    assert isinstance(decided, sendas.DecisionBatch)
    assert copy.copy(decided) is decided and copy.deepcopy(decided) is decided
    assert len(decided) == 3
    assert pa.record_batch(decided).equals(pa.table(decided).combine_chunks().to_batches()[0])
    assert pa.schema(decided) == pa.record_batch(decided).schema
    assert pa.schema(decided).metadata == {b"sendas.snapshot_id": SNAPSHOT.id.encode()}
    stream = SNAPSHOT.evaluate_arrow(pa.table(batch))
    assert isinstance(stream, sendas.DecisionStream)
    assert pa.schema(stream) == pa.schema(decided)
    assert pa.table(stream).num_rows == 3
    with pytest.raises(ValueError, match="consumed already"):
        pa.table(stream)


def test_a_stream_is_decided_as_it_is_read_in_parts() -> None:
    batch = arrow_tables.batch([example.request()] * 20_000)
    read = []

    def batches() -> Any:
        for number in range(3):
            read.append(number)
            yield batch

    source = pa.RecordBatchReader.from_batches(batch.schema, batches())
    reader = pa.RecordBatchReader.from_stream(SNAPSHOT.evaluate_arrow(source))
    assert read == []
    lengths = []
    for part in reader:
        lengths.append(part.num_rows)
        assert len(read) == 1 + (sum(lengths) - 1) // 20_000
    assert sum(lengths) == 60_000
    assert max(lengths) < 20_000


def test_nothing_to_decide_is_decided() -> None:
    empty = arrow_tables.batch([example.request()]).slice(1)
    assert len(SNAPSHOT.evaluate_arrow(empty)) == 0
    assert pa.table(SNAPSHOT.evaluate_arrow(empty.schema.empty_table())).num_rows == 0
    none = pa.RecordBatchReader.from_batches(empty.schema, iter([]))
    assert pa.table(SNAPSHOT.evaluate_arrow(none)).num_rows == 0
    gaps = pa.Table.from_batches([empty, arrow_tables.batch([example.request()]), empty])
    assert pa.table(SNAPSHOT.evaluate_arrow(gaps)).num_rows == 1


def test_threads_decide_at_the_same_time() -> None:
    requests = generated(random.Random(2), 2_000)
    batch = arrow_tables.batch(requests)
    expected = [arrow_tables.row(decision) for decision in SNAPSHOT.evaluate_many(requests)]
    answers: list[list[dict[str, Any]]] = []

    def decide() -> None:
        for data in (batch, pa.table(batch)):
            answers.append(rows(SNAPSHOT.evaluate_arrow(data)))

    threads = [threading.Thread(target=decide) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4


def test_one_stream_is_read_by_one_thread() -> None:
    stream = SNAPSHOT.evaluate_arrow(pa.table(arrow_tables.batch([example.request()] * 1_000)))
    outcomes: list[int | str] = []
    start = threading.Barrier(2)

    def read() -> None:
        start.wait()
        try:
            outcomes.append(pa.table(stream).num_rows)
        except ValueError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [1_000, "the stream has been consumed already; it is read once, so make it anew"]


def rows(decided: sendas.DecisionBatch | sendas.DecisionStream) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = pa.table(decided).to_pylist()
    return answer


def generated(choice: random.Random, count: int) -> list[sendas.Request]:
    """Return requests of any facts over the example's policy, with headers of one form."""
    addresses = ["alice@acme.example", "grace@globex.example", "bob@acme.example", "x@elsewhere.example", "é@acme.example", "@"]
    texts = [None, "alice", b"grace", "bob", "", b"\xff", "\0"]
    fields = list(product(["From", "from", "Sender", "From ", "Resent-From", "Subject"], [*addresses, "a <b@c.example>", ""]))
    blocks = choice.random() < 0.5

    def header() -> sendas.Header | None:
        chosen = [("From", f" {choice.choice(addresses)}"), *choice.choices(fields, k=choice.choice([0, 0, 1, 4]))]
        given = chosen[choice.choice([0, 0, 0, 1]) :]
        return "".join(f"{name}: {body}\r\n" for name, body in given) + "\r\n" if blocks else given

    def request() -> sendas.Request:
        kind = choice.choice([None, "password", "api_key", "oauth", "client_cert"])
        facts: dict[str, Any] = {
            "now": example.NOW + choice.randrange(-1_000, 1_000),
            "channel": choice.choice(["smtp", "smtp", "api", "webmail", "panel"]),
            "account": choice.choice(["alice", "alice", "grace", *texts]),
            "role": choice.choice([None, None, None, "Marketing", b"\xff"]),
            "client_ip": choice.choice([None, "192.0.2.10", "2001:db8::1", "::ffff:192.0.2.10", "no address"]),
            "credential_kind": kind,
            "tls": choice.choice([None, "plain", "starttls", "implicit"]),
            "smtputf8": choice.random() < 0.3,
            "envelope_sender": choice.choice(
                [None, "<>", sendas.Unquoted(choice.choice(addresses)), *(f"<{address}>" for address in addresses)]
            ),
            "header": choice.choice([None, *(header() for _ in range(5))]),
            "stage": choice.choice(["message", "message", "envelope", "session"]),
        }
        if kind is not None:
            facts["credential_id"] = choice.choice([None, "key-1", "key-2", b"\xff"])
            facts["scopes"] = choice.choice([None, [], ["mail.send"], ["a", b"\xff"]])
        return facts  # type: ignore[return-value]

    return [request() for _ in range(count)]


def is_utf8(request: sendas.Request) -> bool:
    """Whether every text of a request can stand in a column of strings."""
    texts = [request.get(name) for name in ("account", "role", "credential_id")] + list(request.get("scopes") or ())
    return not any(isinstance(text, bytes) and b"\xff" in text for text in texts)


def laid_out(batch: Any, text: Any, encoded: bool) -> Any:
    """Return a batch whose columns of text have another type; of nested ones, the texts in them."""

    def convert(array: Any) -> Any:
        given = array.type
        if pa.types.is_list(given):
            return pa.LargeListArray.from_arrays(array.offsets.cast(pa.int64()), convert(array.values), mask=array.is_null())
        if pa.types.is_struct(given):
            members = [convert(array.field(index)) for index in range(given.num_fields)]
            return pa.StructArray.from_arrays(members, names=[field.name for field in given], mask=array.is_null())
        if not (pa.types.is_string(given) or pa.types.is_binary(given)):
            return array
        values = pa.array(array.cast(pa.string()).to_pylist(), type=text)
        if not encoded:
            return values
        distinct = list(dict.fromkeys(values.to_pylist()))
        keys = [None if value is None else distinct.index(value) for value in values.to_pylist()]
        return pa.DictionaryArray.from_arrays(pa.array(keys, pa.int32()), pa.array(distinct, type=text))

    return pa.RecordBatch.from_arrays([convert(column) for column in batch.columns], names=batch.schema.names)


def stamp(seconds: int) -> str:
    return sendas.RequestRecord(now=seconds, channel="smtp").to_json().split('"')[3]
