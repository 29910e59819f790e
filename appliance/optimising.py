"""What is made of the files of a site, as the operator and the site want it, and what that saves."""

from appliance.data_folder import DataFolder
from appliance.settings import Settings
from appliance.storage.manifest import Manifest, Options
from appliance.storage.media_types import COMPRESSIBLE
from builds.values import PressLimits, Transforms


def transforms_of(settings: Settings, folder: DataFolder, options: Options) -> Transforms:
    """What is made of the files of a site with these options; the operator's word goes first."""
    return Transforms(
        minify={"on": True, "off": False}.get(settings.force_minify, options.minify),
        snippets=tuple(snippet for snippet in (settings.head_snippet, options.head_snippet) if snippet),
        compress=COMPRESSIBLE if settings.variants else (),
        largest=settings.minify_size,
        limits=PressLimits(settings.transform_time, settings.transform_memory),
        cache=folder.cache / "derived",
        cache_size=settings.cache_size,
    )


def saving(manifest: Manifest) -> str:
    """One line on what minifying and compressing save a visitor who gets every file; empty when that is nothing."""
    before = manifest.size
    served = sum(entry.size for entry in manifest.entries.values())
    sent = sum(min([entry.size, *(form.size for form in entry.variants)]) for entry in manifest.entries.values())
    if sent >= before:
        return ""
    return f"Optimised: {_megabytes(before)} are {_megabytes(served)} minified and {_megabytes(sent)} as sent."


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} KB"
