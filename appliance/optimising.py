"""What is made of the files of a site, as the operator and the site want it, and what that saves."""

from pathlib import Path

from appliance.data_folder import DataFolder
from appliance.settings import Settings
from appliance.storage.manifest import Options
from appliance.storage.media_types import COMPRESSIBLE
from appliance.storage.savings import Sums
from builds.values import Limits, PressLimits, Transforms


def limits_of(settings: Settings) -> Limits:
    """The bounds of what an upload may become, as the workshop takes them."""
    return Limits(**{name: getattr(settings, name) for name in Limits.__slots__})


def derived(folder: DataFolder) -> Path:
    """Where what was made of content is remembered."""
    return folder.cache / "derived"


def transforms_of(settings: Settings, folder: DataFolder, options: Options) -> Transforms:
    """What is made of the files of a site with these options; the operator's word goes first."""
    return Transforms(
        minify={"on": True, "off": False}.get(settings.force_minify, options.minify),
        snippets=tuple(snippet for snippet in (settings.head_snippet, options.head_snippet) if snippet),
        compress=COMPRESSIBLE if settings.variants else (),
        better_follow=settings.best_variants,
        largest=settings.minify_size,
        limits=PressLimits(settings.transform_time, settings.transform_memory),
        cache=derived(folder),
        cache_size=settings.cache_size,
    )


def saving(sums: Sums) -> str:
    """One line on what minifying and compressing save a visitor who gets every file; empty when that is nothing."""
    if not sums.saved:
        return ""
    before, served, after = megabytes(sums.given), megabytes(sums.served), megabytes(sums.sent)
    return f"Optimised: {before} are {served} minified and {after} as sent."


def megabytes(size: int) -> str:
    """A size as people read it."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} KB"
