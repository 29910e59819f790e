"""What goes over the wire arrives as it was sent, whatever names and sentences hold."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from builds import wire
from builds.errors import BuildError
from builds.values import Limits, Note, Plan, StoredFile, StoredVariant, Unpacked

text = st.text(max_size=50)  # also new lines, quotes and what no terminal shows
counts = st.integers(0, 2**60)
paths = text.map(lambda t: Path("/data", t.replace("\0", "")))
texts = st.lists(text, max_size=3).map(tuple)
plans = st.builds(Plan, text, paths, paths, st.builds(Limits, *[counts] * 7), text, texts, texts)
plain = st.builds(StoredFile, text, text, counts)
made = st.builds(StoredFile, text, text, counts, text.filter(bool), counts)
files = st.lists(plain | made, max_size=5).map(tuple)
notes = st.lists(st.builds(Note, text, text, st.none() | text, counts), max_size=5).map(tuple)
variants = st.dictionaries(
    text, st.lists(st.builds(StoredVariant, text, text, counts), max_size=3).map(tuple), max_size=3
)
limits = st.none() | st.tuples(text, text)


@given(plans)
def test_a_plan_arrives_as_it_was_sent(plan: Plan) -> None:
    line = wire.dump(wire.plan_message(plan))

    assert wire.read_plan(json.loads(line)) == plan


@given(st.builds(Unpacked, files, notes, variants))
def test_a_result_arrives_as_it_was_sent(unpacked: Unpacked) -> None:
    line = wire.dump(wire.done_message(unpacked))

    assert wire.read_done(json.loads(line)["done"]) == unpacked


@given(text, text, st.none() | text, limits, st.booleans())
def test_a_refusal_arrives_as_it_was_sent(
    code: str, detail: str, path: str | None, limit: tuple[str, str] | None, retry: bool
) -> None:
    error = BuildError(code, detail, path=path, limit=limit, retry=retry)

    read = wire.read_refused(json.loads(wire.dump(wire.refused_message(error)))["refused"])

    assert vars(read) == vars(error)


@given(plans)
def test_a_message_is_one_line(plan: Plan) -> None:
    line = wire.dump(wire.plan_message(plan))

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
