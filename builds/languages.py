"""The languages whose files are minified: which files they are, and by which versions of which tools."""

from dataclasses import dataclass
from functools import cached_property
from importlib import metadata


@dataclass(frozen=True)
class Language:
    """What is minified alike: the extensions of its files, the packages that do it, and the edition of our own rules.

    A new edition has everything made again, as a new version of a package does.
    """

    name: str
    extensions: tuple[str, ...]
    packages: tuple[str, ...]
    edition: int

    @cached_property
    def tool(self) -> str:
        """Tools and versions, part of the key under which results are kept."""
        return " ".join([*(f"{package} {_version(package)}" for package in self.packages), f"edition {self.edition}"])


LANGUAGES = (
    Language("css", ("css",), ("lightningcss", "tdewolff-minify"), 4),
    Language("html", ("html", "htm"), ("tdewolff-minify",), 4),
    Language("js", ("js", "mjs"), ("tdewolff-minify",), 1),
    Language("json", ("json", "webmanifest", "geojson", "jsonld"), ("tdewolff-minify",), 1),
)
_BY_EXTENSION = {extension: language for language in LANGUAGES for extension in language.extensions}


def language_of(path: str) -> Language | None:
    """The language a file is written in, by its name; None for what is never minified."""
    return _BY_EXTENSION.get(extension_of(path))


def extension_of(path: str) -> str:
    """What a file's name ends with, in lower case and without the dot; empty where it has none."""
    _, dot, extension = path.rpartition(".")
    return extension.lower() if dot and "/" not in extension else ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"  # there is no build of it for this platform: files stay as they are
