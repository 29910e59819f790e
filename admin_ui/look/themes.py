"""Themes: a TOML of overrides of first-tier tokens, with a logo and fonts beside it; a bad one is refused."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from admin_ui.look import contrast
from admin_ui.look.tokens import Colours, Tokens
from appliance.data_folder import DataFolder, Unusable
from appliance.settings import Settings

SHIPPED = ("dropdock", "contrast", "dune", "fjord")
FILE = "theme.toml"
LOGOS = (".svg", ".png", ".webp")
FONTS = {"text": "font", "head": "font-head", "code": "font-code"}  # what a font is for, and its token

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SHADE = re.compile(r"#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?")
_LENGTH = re.compile(r"(?:\d+|\d*\.\d+)(?:rem|px)|0")
_STACK = re.compile(r"[A-Za-z][A-Za-z0-9 -]*(?:, [A-Za-z][A-Za-z0-9 -]*)*")


class BadTheme(Unusable):
    """A theme that cannot be used; `str()` is a sentence that names it and what to change."""


@dataclass(frozen=True, slots=True)
class Theme:
    """What one changes of the first tier. `files` are its logo and fonts by their names."""

    name: str
    label: str
    labels: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, Colours] = field(default_factory=dict)
    shapes: Mapping[str, str] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    logo: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    least_contrast: float = contrast.TEXT

    def called(self, language: str) -> str:
        """Its name for people who read that language."""
        return self.labels.get(language, self.label)


@dataclass(frozen=True, slots=True)
class Themes:
    """Those that can be chosen, by name; `refused` has a sentence for each that cannot."""

    found: Mapping[str, Theme]
    default: str
    refused: tuple[str, ...] = ()

    def get(self, name: str) -> Theme:
        """The theme of that name; where there is none any more, or none was chosen, the installation's."""
        return self.found.get(name) or self.found[self.default]


def of(settings: Settings, tokens: Tokens) -> Themes:
    """The shipped ones, and the operator's in `<data>/themes`. Raises BadTheme when `theme` names none of them.

    Another that is bad is left out and told: hosting does not stop for the look of the admin.
    """
    shelf = resources.files("admin_ui") / "themes"
    found = {name: read(name, shelf / name, tokens, settings.theme_size) for name in SHIPPED}
    refused: dict[str, str] = {}
    for name, folder in _folders(DataFolder(settings.data).themes):
        try:
            if name in SHIPPED:
                raise _bad(name, "Dropdock brings one of that name; rename its folder")
            found[name] = read(name, folder, tokens, settings.theme_size)
        except BadTheme as error:
            refused[name] = str(error)
    if settings.theme not in found:
        raise BadTheme(refused.get(settings.theme) or _unknown(settings.theme, found))
    return Themes(found, settings.theme, tuple(refused.values()))


def read(name: str, folder: Traversable, tokens: Tokens, most: int) -> Theme:
    """The theme in a folder of at most `most` bytes. Raises BadTheme."""
    if not _NAME.fullmatch(name):
        raise _bad(name, "name its folder with small letters, digits and hyphens, at most 32")
    try:
        text = _taken(name, folder, FILE, most).decode("utf-8")
        theme = _theme(name, tomllib.loads(text), tokens)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(name, f"{FILE} is not TOML ({error})") from None
    files = {each: _taken(name, folder, each, most) for each in (*theme.fonts.values(), theme.logo) if each}
    if len(text) + sum(map(len, files.values())) > most:
        raise _bad(name, f"its files have more than {most:,} bytes together (the setting theme_size)")
    _readable(theme, tokens)
    return replace(theme, files=files)


def _theme(name: str, given: dict[str, Any], tokens: Tokens) -> Theme:
    known = ("label", "labels", "least_contrast", "logo", "light", "dark", "shape", "fonts")
    _check_names(name, "", given, known)
    light, dark = (_table(name, given, scheme, tokens.colours, _colour) for scheme in contrast.SCHEMES)
    base = tokens.colours
    return Theme(
        name=name,
        label=_line(name, "label", given.get("label", name)),
        labels=_table(name, given, "labels", None, _line),
        colours={
            each: Colours(light.get(each, base[each].light), dark.get(each, base[each].dark))
            for each in {**light, **dark}
        },
        shapes=_table(name, given, "shape", tokens.shapes, _shape),
        fonts=_table(name, given, "fonts", FONTS, _file(".woff2")),
        logo=_file(*LOGOS)(name, "logo", given["logo"]) if "logo" in given else "",
        least_contrast=_contrast(name, given.get("least_contrast", contrast.TEXT)),
    )


def _table(
    name: str,
    given: dict[str, Any],
    key: str,
    known: Mapping[str, object] | None,
    parse: Callable[[str, str, object], str],
) -> dict[str, str]:
    """One table of the TOML, each value parsed; names have to be `known`, where there are such."""
    table = given.get(key, {})
    if not isinstance(table, dict):
        raise _bad(name, f"{key} is a table: write [{key}] above its values")
    if known is not None:
        _check_names(name, f"[{key}] ", table, known)
    return {each: parse(name, each, value) for each, value in table.items()}


def _check_names(
    name: str, where: str, given: Mapping[str, object], known: Mapping[str, object] | tuple[str, ...]
) -> None:
    for each in given:
        if each not in known:
            if near := get_close_matches(each, list(known), 1):
                raise _bad(name, f"{where}{each} is nothing a theme can change; perhaps {near[0]} is meant")
            raise _bad(name, f"{where}{each} is nothing a theme can change")


def _line(name: str, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 60:
        raise _bad(name, f"{key} is a text of at most 60 characters")
    return value


def _colour(name: str, key: str, value: object) -> str:
    pattern, like = (_SHADE, "#0f172a80") if key in {"shade", "haze"} else (_COLOUR, "#1d5fd1")
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _bad(name, f"{key} is a colour such as {like}, not {str(value)!r}")
    return value.lower()


def _shape(name: str, key: str, value: object) -> str:
    pattern, like = (_STACK, "Charter, Georgia, serif") if key.startswith("font") else (_LENGTH, "0.5rem")
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _bad(name, f"{key} is written such as {like}, not {str(value)!r}")
    return value


def _file(*endings: str) -> Callable[[str, str, object], str]:
    def parse(name: str, key: str, value: object) -> str:
        if not isinstance(value, str) or not _FILE_NAME.fullmatch(value) or not value.endswith(endings):
            raise _bad(
                name, f"{key} names a file beside {FILE} that ends in {' or '.join(endings)}, not {str(value)!r}"
            )
        return value

    return parse


def _contrast(name: str, value: object) -> float:
    if not isinstance(value, int | float) or not contrast.TEXT <= value <= 21:
        raise _bad(name, f"least_contrast is a number from {contrast.TEXT} to 21")
    return float(value)


def _readable(theme: Theme, tokens: Tokens) -> None:
    """Raise BadTheme for the first pair that is too close."""
    for fault in contrast.faults({**tokens.colours, **theme.colours}, tokens.meanings, theme.least_contrast):
        front, back = (tokens.meanings[each] for each in (fault.pair.front, fault.pair.back))
        raise _bad(
            theme.name,
            f"in {fault.scheme}, {front} on {back} has a contrast of {fault.ratio:.2f} to 1, but is used where it "
            f"takes {fault.least:g} to 1; make one lighter or darker",
        )


def _taken(name: str, folder: Traversable, file: str, most: int) -> bytes:
    try:
        with (folder / file).open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise _bad(name, f"its file {file} cannot be read ({error.strerror})") from None
    if len(content) > most:
        raise _bad(name, f"its file {file} has more than {most:,} bytes (the setting theme_size)")
    return content


def _folders(shelf: Path) -> Iterator[tuple[str, Path]]:
    if shelf.is_dir():
        yield from sorted((folder.name, folder) for folder in shelf.iterdir() if folder.is_dir())


def _bad(name: str, what: str) -> BadTheme:
    return BadTheme(f"The theme {name!r} cannot be used: {what}.")


def _unknown(name: str, found: Mapping[str, Theme]) -> str:
    names = ", ".join(found)
    return f"There is no theme {name!r} (the setting theme): choose one of {names}, or put it into <data>/themes."
