"""Asks detection what an upload is, and puts its answer into words for the one who has to choose."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from builds.detect import detect
from builds.names import INDEXES
from builds.order import Offer, Order, Source
from builds.recipe import AUTO, STATIC, Choice, Detection, Recipe, Step
from builds.values import Staging, StoredFile, Unpacked


@dataclass(frozen=True, slots=True)
class UploadTree:
    """The files of an upload, dot files too, as detection reads them."""

    paths: Sequence[str]
    files: dict[str, StoredFile]
    staging: Staging

    @classmethod
    def of(cls, unpacked: Unpacked, staging: Staging) -> "UploadTree":
        """Everything that was unpacked."""
        files = {file.path: file for file in (*unpacked.files, *unpacked.hidden)}
        return cls(sorted(files), files, staging)

    def read(self, path: str, limit: int) -> bytes:
        """The first `limit` bytes of a file."""
        return self.staging.read(self.files[path].sha256)[:limit]


def recognise(unpacked: Unpacked, order: Order | None, staging: Staging) -> Detection:
    """What the upload is; raises BuildError when the site's choice does not fit it.

    A site that is usually built may also be sent finished: a choice that was made for earlier uploads does not hold for
    one that has an index page and no sign of a source.
    """
    if order is None:
        return Detection("Nothing is built here.")
    tree = UploadTree.of(unpacked, staging)
    if order.insist or order.choice.generator in {AUTO, STATIC}:
        return detect(tree, order.choice)
    found = detect(tree, Choice())
    is_finished = not found.recipe and not found.is_unsure and _has_index(found.base, tree)
    return found if is_finished else detect(tree, order.choice)


def source_of(found: Detection) -> Source:
    """What there is to choose from."""
    if found.recipe:
        return Source(found.why, (_offer(found.recipe),))
    return Source(found.why, tuple(Offer(one.generator, one.title, one.base, one.why) for one in found.candidates))


def only_below(base: str, unpacked: Unpacked) -> Unpacked:
    """The site that stands in the folder `base`; "" is the top."""
    if not base:
        return replace(unpacked, hidden=())
    prefix = f"{base}/"
    paths = [file.path for file in unpacked.files]
    first = bisect_left(paths, prefix)
    inside = [file for file in unpacked.files[first:] if file.path.startswith(prefix)]
    files = tuple(file._replace(path=file.path.removeprefix(prefix)) for file in inside)
    return replace(unpacked, files=files, hidden=())


def _has_index(base: str, tree: UploadTree) -> bool:
    return any((f"{base}/{index}" if base else index) in tree.files for index in INDEXES)


def _offer(recipe: Recipe) -> Offer:
    return Offer(
        recipe.generator,
        recipe.title,
        recipe.base,
        recipe.why,
        fetch=_commands(recipe.fetch),
        run=_commands(recipe.run),
        output=recipe.output,
        notes=recipe.notes,
    )


def _commands(steps: Sequence[Step]) -> tuple[tuple[str, ...], ...]:
    return tuple(step.argv for step in steps)
