"""Themes for tests: those that are shipped, and ones written into a folder as an operator does."""

from pathlib import Path

from admin_ui.look import themes
from admin_ui.look.themes import Themes
from admin_ui.look.tokens import Tokens
from appliance.settings import Settings

TOKENS = Tokens.shipped()


def shipped_themes() -> Themes:
    """Those that come with the program."""
    return themes.of(Settings(data=Path("/nowhere")), TOKENS)


def put(data: Path, name: str, text: str, **files: bytes) -> Path:
    """A theme in an operator's data folder."""
    folder = data / "themes" / name
    folder.mkdir(parents=True)
    (folder / "theme.toml").write_text(text, encoding="utf-8")
    for file, content in files.items():
        (folder / file.replace("_", ".")).write_bytes(content)
    return folder
