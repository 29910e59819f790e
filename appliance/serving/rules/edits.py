"""What a site's rules do to the header fields of an answer, as one value that can be applied and remembered."""

from dataclasses import dataclass, replace

from appliance.serving.replies import NO_INDEX, Field, Fields

_CACHING = frozenset(
    {b"cache-control", b"cdn-cache-control", b"expires", b"pragma", b"surrogate-control"}
    | {b"netlify-cdn-cache-control", b"cloudflare-cdn-cache-control"}
)
_OF_CONTENT = frozenset({b"content-type", b"content-disposition", b"content-language"})  # of the file asked for
_PRIVATE: Field = (b"cache-control", b"private, max-age=0, must-revalidate")
_UNSHARED = (b"private", b"no-store")


@dataclass(frozen=True, slots=True)
class Edit:
    """Fields to set, names in lower case, in place of those that an answer has of itself.

    `vary` names request headers that the choice of the answer depended on; such an answer is private to its visitor.
    `lasting` is false when a value was made from the path, so that there is no end of such edits.
    """

    fields: Fields = ()
    vary: tuple[bytes, ...] = ()
    private: bool = False
    lasting: bool = True

    def apply(self, status: int, own: Fields) -> Fields:
        """The fields of an answer with this status."""
        if not (self.fields or self.vary or self.private):
            return own
        ours = self._for_status(status)
        names = {name for name, _ in ours}
        if NO_INDEX in own:  # a preview stays out of the indexes, whatever the site says
            names.discard(NO_INDEX[0])
            ours = tuple(field for field in ours if field[0] != NO_INDEX[0])
        kept = tuple(field for field in own if field[0] not in names or field[0] == b"vary")
        fields = _vary((*kept, *ours), self.vary)
        return _made_private(fields) if self.private else fields

    def depends_on(self, headers: tuple[bytes, ...]) -> "Edit":
        """The same edit for an answer whose choice depended on these request headers."""
        return replace(self, vary=headers, private=True) if headers else self

    def _for_status(self, status: int) -> Fields:
        unfit: frozenset[bytes] = frozenset()
        if status not in {200, 206}:
            unfit = _OF_CONTENT | _CACHING if status >= 400 else _OF_CONTENT
        return tuple(field for field in self.fields if field[0] not in unfit)


NO_EDIT = Edit()


def _vary(fields: Fields, more: tuple[bytes, ...]) -> Fields:
    """One `Vary` with every name once, where there were several."""
    values = [value for name, value in fields if name == b"vary"]
    if not more and len(values) < 2:
        return fields
    names = {name.strip().lower(): name.strip() for value in values for name in value.split(b",") if name.strip()}
    for name in more:
        names.setdefault(name, name)
    joined = b"*" if b"*" in names else b", ".join(names.values())
    return (*(field for field in fields if field[0] != b"vary"), (b"vary", joined))


def _made_private(fields: Fields) -> Fields:
    value = dict(fields).get(b"cache-control", b"")
    if any(word in value for word in _UNSHARED):
        return fields
    return (*(field for field in fields if field[0] != b"cache-control"), _PRIVATE)
