"""The rules that a source has for the site made of it: a `netlify.toml` stands beside a source, not in its output."""

from bisect import insort
from dataclasses import replace
from operator import attrgetter

from builds.projects.netlify import FILE
from builds.values import StoredFile, Unpacked


def with_rules(site: Unpacked, source: Unpacked, base: str) -> Unpacked:
    """The site with the `netlify.toml` nearest to the folder `base` of its source, from there upward.

    It goes before one in the output, as at Netlify, which reads it from the repository alone
    (https://docs.netlify.com/build/configure-builds/file-based-configuration/); `_redirects` and `_headers` of the
    output stay, and go before what is in it.
    """
    nearest = _nearest(source, base)
    if nearest is None:
        return site
    files = [file for file in site.files if file.path != FILE]
    insort(files, nearest._replace(path=FILE), key=attrgetter("path"))
    return replace(site, files=tuple(files))


def _nearest(source: Unpacked, base: str) -> StoredFile | None:
    found = {file.path: file for file in source.files if file.path.endswith(FILE)}
    folder = base
    while True:
        file = found.get(f"{folder}/{FILE}" if folder else FILE)
        if file is not None or not folder:
            return file
        folder = folder.rpartition("/")[0]
