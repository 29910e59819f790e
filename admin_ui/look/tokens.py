"""The tokens of `static/css/tokens.css`, read: named values in light and in dark, and what they mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

_FIRST_TIER = re.compile(r":root \{\n  color-scheme.*?\n\}", re.DOTALL)
_COLOUR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6,8}), (#[0-9a-f]{6,8})\);")
_MEANING = re.compile(r"--([\w-]+): var\(--([\w-]+)\);")
_VALUE = re.compile(r"--([\w-]+): (.+);")


@dataclass(frozen=True, slots=True)
class Colours:
    """A colour in light and in dark, each as `#rrggbb` or `#rrggbbaa`."""

    light: str
    dark: str

    def css(self) -> str:
        """As CSS writes it."""
        return f"light-dark({self.light}, {self.dark})"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The first tier, colours apart from shapes, and which first-tier colour each meaning stands for."""

    colours: Mapping[str, Colours]
    shapes: Mapping[str, str]
    meanings: Mapping[str, str]

    @classmethod
    def shipped(cls) -> "Tokens":
        """Those of the admin."""
        return cls.read((resources.files("admin_ui") / "static" / "css" / "tokens.css").read_text("utf-8"))

    @classmethod
    def read(cls, sheet: str) -> "Tokens":
        """From the text of the style sheet."""
        first = _FIRST_TIER.search(sheet)
        if first is None:
            raise ValueError("tokens.css does not begin with the named values")
        colours = {name: Colours(light, dark) for name, light, dark in _COLOUR.findall(first[0])}
        shapes = {name: value for name, value in _VALUE.findall(first[0]) if name not in colours}
        meanings = {name: value for name, value in _MEANING.findall(sheet[first.end() :]) if value in colours}
        return cls(colours, shapes, meanings)
