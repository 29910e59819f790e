"""What goes over the wire arrives as it was sent, whatever names and sentences hold."""

from ipaddress import ip_network
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from builds import json_lines, wire
from builds.errors import BuildError
from builds.order import Keeping, Offer, Order, Source
from builds.recipe import Choice
from builds.sandbox.values import Bounds, Wishes
from builds.values import Limits, Note, Plan, PressLimits, StoredFile, StoredVariant, Transforms, Unpacked
from builds.wire import PORTION, SHA256

text = st.text(max_size=50)  # also new lines, quotes and what no terminal shows
COUNTED = ("cache_hits", "cache_misses", "kept_hits", "kept_misses")
counts = st.integers(0, 2**60)
paths = text.map(lambda t: Path("/data", t.replace("\0", "")))
texts = st.lists(text, max_size=3).map(tuple)
words = st.dictionaries(text, text, max_size=2)
choices = st.builds(Choice, text, st.none() | text, texts, text, words, texts, text, st.booleans())
networks = st.sampled_from(["10.0.0.0/8", "fd00::/8"]).map(ip_network)
wishes = st.builds(Wishes, text, text, st.booleans(), st.tuples(counts, counts), st.lists(networks).map(tuple))
orders = st.builds(
    Order,
    choice=choices,
    run=st.booleans(),
    site=text,
    cache=paths,
    variables=st.dictionaries(text, words, max_size=2),
    keeping=st.builds(Keeping, counts, counts, st.floats(0, 1e9)),
    wishes=wishes,
    bounds=st.builds(Bounds, *[counts] * 9),
    log=counts,
)
transforms = st.builds(
    Transforms,
    minify=st.booleans(),
    snippets=texts,
    compress=texts,
    limits=st.builds(PressLimits, st.floats(0, 1e6), counts),
    cache=st.none() | paths,
    cache_size=counts,
)
plans = st.builds(
    Plan,
    text,
    paths,
    paths,
    st.builds(Limits, *[counts] * 7),
    text,
    transforms,
    order=st.none() | orders,
    aside=texts,
    read=texts,
)
argvs = st.lists(texts, max_size=2).map(tuple)
offers = st.lists(st.builds(Offer, text, text, text, text, argvs, argvs, texts, texts), max_size=2).map(tuple)
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
    line = json_lines.dump(wire.plan_message(plan))

    assert wire.read_plan(json_lines.load(line)) == plan


@given(st.builds(Source, text, offers))
def test_what_an_upload_is_arrives_as_it_was_sent(source: Source) -> None:
    line = json_lines.dump(wire.source_message(source))

    assert wire.read_source(json_lines.load(line)["source"]) == source


@given(st.builds(Unpacked, files, notes, variants, generator=text, **dict.fromkeys(COUNTED, counts)))
def test_a_result_arrives_as_it_was_sent(unpacked: Unpacked) -> None:
    *portions, last = (json_lines.load(json_lines.dump(message)) for message in wire.made_messages(unpacked))
    made = wire.Made()

    assert all(made.add(portion) for portion in portions)
    assert not made.add(last)
    assert made.whole(last["made"]) == unpacked


def test_a_large_result_is_sent_in_portions() -> None:
    unpacked = Unpacked(tuple(StoredFile(f"{number}.html", "1" * SHA256, number) for number in range(2 * PORTION + 1)))

    sizes = [len(message["files"]) for message in wire.made_messages(unpacked) if "files" in message]

    assert sizes == [PORTION, PORTION, 1]


@given(text, text, st.none() | text, limits, st.booleans(), texts)
def test_a_refusal_arrives_as_it_was_sent(
    code: str, detail: str, path: str | None, limit: tuple[str, str] | None, retry: bool, lines: tuple[str, ...]
) -> None:
    error = BuildError(code, detail, path=path, limit=limit, retry=retry, lines=lines)

    read = wire.read_refused(json_lines.load(json_lines.dump(wire.refused_message(error)))["refused"])

    assert vars(read) == vars(error)


@given(plans)
def test_a_message_is_one_line(plan: Plan) -> None:
    line = json_lines.dump(wire.plan_message(plan))

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
