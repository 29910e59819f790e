"""Looks through what a build has made for the site's secrets: pages are for everybody, variables for nobody."""

import re
from collections.abc import Iterable, Mapping

from builds.order import is_secret
from builds.refusals import and_others, shown
from builds.units import MB
from builds.values import Note, Staging, StoredFile

SHORTEST = 8  # characters; shorter values stand in pages by chance
LARGEST = 50 * MB  # of a file that is looked through; a film holds no key
# What bundlers take for browsers by its prefix: Next.js, Nuxt, Expo, Astro and SvelteKit, Vite, Gatsby, React, Vue.
MEANT = re.compile(r"(?:NEXT_|NUXT_|EXPO_)?PUBLIC_|VITE_|GATSBY_|REACT_APP_|VUE_APP_")


def secrets_in(
    files: Iterable[StoredFile], variables: Iterable[Mapping[str, str]], staging: Staging
) -> tuple[Note, ...]:
    """A note for each of the variables, named like a secret and not as meant for browsers, whose value is in a file."""
    named = {
        value.strip().encode(): name
        for known in variables
        for name, value in sorted(known.items())
        if is_secret(name) and not MEANT.match(name) and len(value.strip()) >= SHORTEST
    }
    found: dict[str, list[str]] = {}
    for file in files if named else ():
        content = staging.read(file.sha256) if file.size <= LARGEST else b""
        for value, name in named.items():
            if value in content:
                found.setdefault(name, []).append(file.path)
    return tuple(_note(name, paths) for name, paths in sorted(found.items()))


def _note(name: str, paths: list[str]) -> Note:
    message = (
        f"The value of {name} is in “{shown(paths[0])}”{and_others(len(paths))}, where everybody can read it: have "
        "the build leave it out, and change it. If everybody may, let the variable's name begin with PUBLIC_."
    )
    return Note("secret_published", message, paths[0], len(paths))
