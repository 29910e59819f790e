"""Finds English in what people read on a page that is in another language."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

from admin_ui.languages import ENGLISH, Language, Text, shipped
from admin_ui.told import TABLE
from tests.admin_ui.bare_words import SPOKEN

ENGLISH_TEXTS = {
    key.removeprefix(TABLE): str(text) for key, text in shipped().all[ENGLISH].texts.items() if key.startswith(TABLE)
}
"""What sentences of the server are known by, each under its name."""
EMPTY = frozenset({"input", "meta", "link", "img", "br", "hr", "wbr"})
NOT_READ = frozenset({"script", "style", "template", "code"})
VALUES = re.compile(r"<[^>]*>|\{\w+\}")
WORDS = re.compile(r"(?<![\w./:@=-])[a-z]{2,}(?![\w/:@=-]|\.\w)", re.IGNORECASE)  # no part of an address or a file name


def english_on(html: str, tag: str, own: str) -> set[str]:
    """The texts of a page in this language that hold words which only English has. What says by its `lang` that it is
    in English may; `own` is a pattern of words that are somebody's own, or names."""
    assert f'<html lang="{tag}"' in html
    return {text for text in _Texts(html).texts if is_english(re.sub(own, "", text), tag)}


def is_english(text: str, tag: str) -> bool:
    """Whether words are in it that English has and the language has not."""
    return not _only_english(tag).isdisjoint(word.lower() for word in WORDS.findall(VALUES.sub(" ", text)))


@cache
def _only_english(tag: str) -> frozenset[str]:
    return frozenset(_words(shipped().english) - _words(shipped().all[tag]))


def _words(language: Language) -> set[str]:
    texts = (form for text in language.texts.values() for form in _forms(text))
    return {word.lower() for text in texts for word in re.findall(r"[^\W\d_]{2,}", VALUES.sub(" ", text))}


def _forms(text: Text) -> Iterator[str]:
    yield from [text] if isinstance(text, str) else text.values()


class _Texts(HTMLParser):
    """What is read and heard, but for programs' words and what says that it is in English."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._around: list[tuple[str, bool]] = []  # the elements around, and whether they are left out
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        left_out = self._is_left_out or tag in NOT_READ or known.get("lang") == ENGLISH
        if not left_out:
            self.texts += [value for name, value in attrs if name in SPOKEN and value]
        if tag not in EMPTY:
            self._around.append((tag, left_out))

    def handle_endtag(self, tag: str) -> None:
        while self._around and self._around.pop()[0] != tag:
            pass  # an element whose end may be left out

    def handle_data(self, data: str) -> None:
        if not self._is_left_out and data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def _is_left_out(self) -> bool:
        return bool(self._around) and self._around[-1][1]
