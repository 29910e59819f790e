"""What a theme changes of the first tier, as CSS, and the icon in its colours."""

import re
from collections.abc import Iterator, Mapping

from admin_ui.look.themes import FONTS, Theme
from admin_ui.look.tokens import Colours, Tokens


def sheet(theme: Theme, tokens: Tokens) -> str:
    """The theme's rules; nothing of them comes from its author unread (`themes.read`)."""
    faces = "".join(_face(use, f"themes/{theme.name}/{file}") for use, file in theme.fonts.items())
    values = "".join(f"  --{name}: {value};\n" for name, value in _values(theme, tokens))
    return f"{faces}:root {{\n{values}}}\n" if values else faces


def icon(picture: str, colours: Mapping[str, Colours]) -> str:
    """The logo as a picture of its own: there are no tokens where browsers show it, so it gets their light values."""
    return re.sub(r"var\(--([\w-]+)\)", lambda match: colours[match[1]].light, picture)


def _values(theme: Theme, tokens: Tokens) -> Iterator[tuple[str, str]]:
    yield from ((name, colours.css()) for name, colours in theme.colours.items())
    yield from theme.shapes.items()
    for use in theme.fonts:
        yield FONTS[use], f'"theme-{use}", {tokens.shapes[FONTS[use]]}'  # which stands in while it is not there


def _face(use: str, address: str) -> str:
    return (
        f'@font-face {{\n  font-family: "theme-{use}";\n  src: url("{address}") format("woff2");\n'
        "  font-weight: 100 900;\n  font-display: swap;\n}\n"
    )
