"""Finds help pages by words: a page has all of them, and comes the further up the more prominently it has them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from admin_ui import handbook
from admin_ui.handbook import Chapter, Section

LONGEST = 200  # characters of what is looked for that are read
MOST = 8  # words of it
IN_TITLE, IN_HEADING, IN_TEXT = 20, 6, 1  # what a word counts, by where it stands
MOST_IN_TEXT = 4  # times that count: a long page is not a better one
BEFORE, SHOWN = 60, 240  # characters of a snippet: before the first word found, and in all

_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a snippet, and whether it is a word that was looked for."""

    text: str
    found: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A page and, where one has most of the words, the heading on it, and a snippet of what stands there."""

    href: str
    title: Sequence[Piece]
    snippet: Sequence[Piece]


def search(query: str) -> list[Found]:
    """The pages that have every word of the query, the best first; words are found by how they begin, in any case."""
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(query[:LONGEST])))[:MOST]
    if not words:
        return []
    patterns = [re.compile(rf"(?<![^\W_]){re.escape(word)}", re.IGNORECASE) for word in words]
    scored = ((_score(chapter, patterns), name, chapter) for name, chapter in handbook.chapters().items())
    best = sorted((each for each in scored if each[0]), key=lambda each: -each[0])  # else in the order of the list
    return [_found(name, chapter, patterns) for _, name, chapter in best]


def _score(chapter: Chapter, patterns: Sequence[re.Pattern[str]]) -> int:
    """What a page counts; 0 where a word is missing."""
    each = [_weight(chapter, pattern) for pattern in patterns]
    return sum(each) if all(each) else 0


def _weight(chapter: Chapter, pattern: re.Pattern[str]) -> int:
    in_text = sum(len(pattern.findall(section.text)) for section in chapter.sections)
    in_headings = any(pattern.search(section.heading) for section in chapter.sections)
    in_title = bool(pattern.search(chapter.title))
    return IN_TITLE * in_title + IN_HEADING * in_headings + IN_TEXT * min(in_text, MOST_IN_TEXT)


def _found(name: str, chapter: Chapter, patterns: Sequence[re.Pattern[str]]) -> Found:
    section = max(chapter.sections, key=lambda each: _fits(each, patterns))  # the first of those that fit as well
    href = f"/help/{name}#{section.anchor}" if section.anchor else f"/help/{name}"
    title = f"{chapter.title}: {section.heading}" if section.heading else chapter.title
    return Found(href, list(_marked(title, patterns)), list(snippet(section.text, patterns)))


def _fits(section: Section, patterns: Sequence[re.Pattern[str]]) -> tuple[int, int]:
    """How many of the words a section has, and how prominently."""
    headed = sum(bool(pattern.search(section.heading)) for pattern in patterns)
    texts = [len(pattern.findall(section.text)) for pattern in patterns]
    has = sum(
        bool(pattern.search(section.heading)) or count > 0 for pattern, count in zip(patterns, texts, strict=True)
    )
    return has, IN_HEADING * headed + sum(min(count, MOST_IN_TEXT) for count in texts)


def snippet(text: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[Piece]:
    """Some of a text, around the first word found in it, and every word found in that."""
    first = _any_of(patterns).search(text)
    start = _edge(text, first.start() - BEFORE) if first else 0
    end = _edge(text, start + SHOWN)
    if start:
        yield Piece("… ", found=False)
    yield from _marked(text[start:end].strip(), patterns)
    if end < len(text):
        yield Piece(" …", found=False)


def _marked(text: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[Piece]:
    """All of a text; a word that begins as one looked for is marked whole."""
    at = 0
    for match in _any_of(patterns).finditer(text):
        if match.start() < at:
            continue  # inside a word that is marked already
        word = _WORD.match(text, match.start())
        end = word.end() if word else match.end()
        yield Piece(text[at : match.start()], found=False)
        yield Piece(text[match.start() : end], found=True)
        at = end
    yield Piece(text[at:], found=False)


def _any_of(patterns: Sequence[re.Pattern[str]]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern.pattern})" for pattern in patterns), re.IGNORECASE)


def _edge(text: str, place: int) -> int:
    """The beginning of the word that a place is in, as far as the text goes."""
    if place <= 0:
        return 0
    return len(text) if place >= len(text) else text.rfind(" ", 0, place) + 1
