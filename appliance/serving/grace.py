"""Assets of earlier deploys that still answer, so that a tab opened before a deploy goes on working after it."""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from appliance.serving.resolve import Entries
from appliance.storage.manifest import Entry
from appliance.storage.packs import Places

MOST = 20_000  # assets kept for one site: a few megabytes of memory
_ASSET = re.compile(
    r"[^/]\.(?:[cm]?js|css|map|wasm|json|data|mem|gltf|glb|vtt|"
    r"png|jpe?g|gif|webp|avif|svgz?|ico|bmp|woff2?|ttf|otf|eot|"
    r"mp3|mp4|m4[asv]|mov|og[agv]|opus|wav|web[am]|flac|aac)(?:\.br|\.gz)?$",
    re.IGNORECASE,
)
_PAGES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class Former:
    """An earlier deploy: its files, and until when its assets answer, in seconds since 1970."""

    entries: Entries
    until: float
    inside: Places = field(default_factory=dict)  # what of it lies in packs


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of an earlier deploy, and until when it answers, in seconds since 1970."""

    entry: Entry
    until: float
    inside: Places = field(default_factory=dict)  # what of its deploy lies in packs


Grace = Mapping[str, Kept]


def look_back(entries: Entries, former: Iterable[Former]) -> Grace:
    """What is no longer among `entries` and still answers, from earlier deploys given newest first.

    Scripts, styles, images, fonts and the like; never pages, which would be found under addresses that are gone.
    Looks at one deploy after the other, and stops when MOST files are kept.
    """
    grace: dict[str, Kept] = {}
    for deploy in former:
        for path, entry in deploy.entries.items():
            if path not in entries and path not in grace and is_asset(path) and not entry.type.startswith(_PAGES):
                grace[path] = Kept(entry, deploy.until, deploy.inside)
                if len(grace) == MOST:
                    return grace
    return grace


def find(grace: Grace, path: str) -> Kept | None:
    """The file that still answers at a path, unless its time is over."""
    kept = grace.get(path)
    return kept if kept is not None and time.time() < kept.until else None


def is_asset(path: str) -> bool:
    """Is this, by its extension, something that a page loads?"""
    return _ASSET.search(path) is not None
