"""Pages in which a stylesheet of the site shows every space: they must not be minified."""

from collections.abc import Iterable

from builds import facts
from builds.values import Staging


class Spaces:
    """Knows such pages by what stylesheets name (see `facts`), and reads each of them once. From any thread."""

    def __init__(self, names: Iterable[str], staging: Staging) -> None:
        self.names = frozenset(names)
        self._seen = [facts.sees_spaces(name) for name in self.names]
        self._staging = staging
        self._known: dict[str, bool] = {}

    def are_shown_in(self, sha256: str) -> bool:
        """Whether the page with this content may have something of what is named."""
        if not self.names:
            return False
        if sha256 not in self._known:
            page = self._staging.read(sha256)
            self._known[sha256] = any(look(page) for look in self._seen)
        return self._known[sha256]
