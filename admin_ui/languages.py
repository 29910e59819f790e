"""The languages the admin speaks: one TOML file each in `locales/`, read once at start; numbers and dates by Babel.

A file holds tables of texts. A text is plain, with values in braces, `{name}`; a key that ends in `_html` may hold
markup. A text that counts is a table of its own, with the forms of the language's plural rule (CLDR) and `{count}`.
"""

import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_timedelta
from babel.numbers import NumberPattern, format_decimal, parse_pattern
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept

from appliance.data_folder import Unusable

ENGLISH = "en"
"""What is said where a language has no text, and to whom nothing else is known of."""

AUTO = "auto"
"""The setting `language` where every browser is answered in its own."""

SUFFIX = ".toml"
FORMS = frozenset({"zero", "one", "two", "few", "many", "other"})  # of CLDR's plural rules
MARKUP = "_html"
FOR_SCRIPTS = "scripts."
WHOLE, TENTHS = parse_pattern("#,##0"), parse_pattern("0.0")

Text = str | Mapping[str, str]
"""One text, or the forms of one that counts."""


class Unspeakable(Unusable):
    """A language cannot be spoken: its file cannot be used, or there is none; the sentence says which."""


@dataclass(frozen=True)
class Language:
    """A language: `tag` is its file's name, `own` says in itself what it is called; `texts` is key → text."""

    tag: str
    locale: Locale
    texts: Mapping[str, Text] = field(repr=False)

    @property
    def own(self) -> str:
        """What the language calls itself."""
        return self.say("language.name")

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, for the attribute `dir`."""
        return self.locale.text_direction

    def say(self, key: str, /, **values: object) -> str:
        """The text of a key with its values; Markup where it holds markup or a value does, everything else escaped.

        `count`, a whole number, chooses the form and is written as the language writes numbers; any other value is
        written as it is. Raises KeyError for a key or a value that is not there.
        """
        text = self.texts[key]
        if not isinstance(text, str):
            text = self._form(text, values["count"])
        count = values.get("count")
        if isinstance(count, int):
            values["count"] = self.number(count)
        if key.endswith(MARKUP):
            return Markup(text).format(**values)  # noqa: S704 - our own file; the values are escaped
        if any(hasattr(value, "__html__") for value in values.values()):
            return Markup(escape(text)).format(**values)  # noqa: S704 - escaped just here
        return text.format(**values) if values else text

    def number(self, value: float, pattern: NumberPattern = WHOLE) -> str:
        """A number as the language writes it, whole unless `pattern` says otherwise."""
        return format_decimal(value, format=pattern, locale=self.locale)

    def date(self, at: datetime) -> str:
        """A point in time, exact to the minute, in UTC; `at` must be aware."""
        return format_datetime(at, self.say("formats.moment"), tzinfo=UTC, locale=self.locale)

    def ago(self, length: timedelta) -> str:
        """How long ago something was, in its largest unit from minutes on."""
        if abs(length.total_seconds()) < 60:
            return self.say("scripts.times.now")
        return format_timedelta(-length, threshold=1, add_direction=True, locale=self.locale)

    @cached_property
    def for_scripts(self) -> Markup:
        """The texts that scripts say, by their key without its first table: JSON for an attribute in single quotes."""
        texts = {key[len(FOR_SCRIPTS) :]: text for key, text in self.texts.items() if key.startswith(FOR_SCRIPTS)}
        return htmlsafe_json_dumps(texts)

    def _form(self, forms: Mapping[str, str], count: object) -> str:
        if not isinstance(count, int):
            raise TypeError(f"count={count!r} is not a whole number")
        return forms.get(self.locale.plural_form(count), forms["other"])


@dataclass(frozen=True)
class Languages:
    """All of them, by tag in the order of their names."""

    all: Mapping[str, Language]

    @property
    def english(self) -> Language:
        """The one that is whole by definition."""
        return self.all[ENGLISH]

    def pick(self, accepted: LanguageAccept, *wanted: str) -> Language:
        """The first that is wanted by its tag; else the one a browser likes best; else English."""
        asked = (tag.partition("-")[0] if tag not in self.all else tag for tag, quality in accepted if quality > 0)
        return next((self.all[tag] for tag in (*wanted, *asked) if tag in self.all), self.english)

    def check(self, setting: str) -> None:
        """Raise Unspeakable unless the setting `language` is `auto` or one of these."""
        if setting != AUTO and setting not in self.all:
            known = ", ".join(sorted(self.all))
            raise Unspeakable(
                f"language is {setting!r}, which the admin does not speak: set it to {AUTO}, or one of {known}."
            )

    @classmethod
    def load(cls, folder: Traversable) -> "Languages":
        """Those of a folder, of which `en.toml` must be one; raises Unspeakable. A missing text is said in English."""
        files = {file.name.removesuffix(SUFFIX): file for file in folder.iterdir() if file.name.endswith(SUFFIX)}
        english = read(files[ENGLISH])
        found = [Language(tag, _locale(tag), {**english, **read(file)}) for tag, file in files.items()]
        return cls({language.tag: language for language in sorted(found, key=lambda each: each.own.casefold())})


@cache
def shipped() -> Languages:
    """The languages that come with the program."""
    return Languages.load(resources.files("admin_ui") / "locales")


def read(file: Traversable) -> dict[str, Text]:
    """A file's texts, by keys joined with dots; raises Unspeakable."""
    try:
        texts = dict(_flat(tomllib.loads(file.read_text(encoding="utf-8")), ""))
    except ValueError as error:
        raise Unspeakable(f"{file.name}: {error}") from error
    return texts


def placeholders(text: str) -> set[str]:
    """The names of the values a text has a place for; raises ValueError where braces do not fit or hold more."""
    names = {name for _, name, how, kind in string.Formatter().parse(text) if _plain(name, how, kind)}
    return {name for name in names if name is not None}


def _plain(name: str | None, how: str | None, kind: str | None) -> bool:
    if name is not None and (how or kind or not name.isidentifier()):
        raise ValueError(f"only names may stand in braces, not {{{name}}}")
    return name is not None


def _flat(table: Mapping[str, Any], above: str) -> Iterator[tuple[str, Text]]:
    for name, value in table.items():
        key = f"{above}{name}"
        if isinstance(value, str):
            placeholders(value)
            yield key, value
        elif isinstance(value, dict) and value and value.keys() <= FORMS:
            yield key, _forms(key, value)
        elif isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        else:
            raise ValueError(f"{key} is neither a text nor a table of texts")


def _forms(key: str, forms: Mapping[str, Any]) -> Mapping[str, str]:
    if "other" not in forms or not all(isinstance(form, str) for form in forms.values()):
        raise ValueError(f"{key} needs the form `other`, and texts only")
    for form in forms.values():
        placeholders(form)
    return forms


def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError) as error:
        raise Unspeakable(f"{tag}{SUFFIX}: Babel knows no language {tag!r}") from error
