"""Real sites from Debian packages, packed at test time: small, middling and large."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RealSite:
    """A site somebody made: the package it comes in and the folder it stands in once that is installed."""

    package: str
    folder: Path

    @property
    def is_installed(self) -> bool:
        return (self.folder / "index.html").exists()

    def files(self) -> Iterator[tuple[str, Path]]:
        """Every file with its path in the site; links are followed, as a ZIP program does."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(self.folder).as_posix(), path


REAL_SITES = (
    RealSite("developers-reference", Path("/usr/share/developers-reference")),
    RealSite("postgresql-doc-15", Path("/usr/share/doc/postgresql-doc-15/html")),
    RealSite("openjdk-17-doc", Path("/usr/share/doc/openjdk-17-jre-headless")),
)


def packed(site: RealSite, folder: Path) -> Path:
    """The site as a ZIP in the folder."""
    archive = folder / f"{site.package}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, path in site.files():
            opened.write(path, name)
    return archive
