"""The columns of `docs/arrow.md` are those of the code."""

import inspect
import re
from pathlib import Path

import pyarrow as pa
import pytest

import arrow_tables
import example
import sendas

TEXT = (Path(__file__).parents[3] / "docs" / "arrow.md").read_text("utf-8")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, its rows only."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_the_columns_of_requests_are_the_arguments_of_evaluate() -> None:
    arguments = [name for name in inspect.signature(sendas.Snapshot.evaluate).parameters if name != "self"]
    assert [row[0] for row in table("Requests")] == arguments


def test_their_types_are_what_is_asked_for() -> None:
    documented = {name: right for name, right in table("Requests")}
    wrong = pa.table({name: pa.array([0.5]) for name in documented})
    with pytest.raises(TypeError) as caught:
        example.SNAPSHOT.evaluate_arrow(wrong)
    lines = [re.fullmatch(r"the column `(\w+)` must be (.+), not Float64", line) for line in str(caught.value).splitlines()]
    assert {line[1]: line[2] for line in lines if line} == documented


def test_the_columns_of_decisions_are_what_is_answered() -> None:
    decided = example.SNAPSHOT.evaluate_arrow(arrow_tables.batch([example.request()]))
    answered = [(field.name, shown(field.type), field.nullable) for field in pa.schema(decided)]
    assert [(row[0], row[1], row[2] != "never") for row in table("Decisions")] == answered


def test_every_word_fits_into_the_room_that_is_reckoned_with() -> None:
    # The engine behind counts on this where it bounds a batch.
    assert max(map(len, sendas.REASONS)) <= 32


def shown(given: pa.DataType) -> str:
    if pa.types.is_list(given):
        return f"list<{shown(given.value_type)}>"
    if pa.types.is_struct(given):
        return f"struct<{', '.join(f'{member.name}: {shown(member.type)}' for member in given)}>"
    return str(given)
