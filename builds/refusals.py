"""The refusals that readers of all kinds of upload share, and how names from an upload may be shown."""

from builds.errors import BuildError

LONGEST_SHOWN = 120  # characters of a name in a sentence


def shown(name: str) -> str:
    """A name from an upload as it may stand in a sentence: short, and with nothing that acts on a terminal."""
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name[:LONGEST_SHOWN])
    return text if len(name) <= LONGEST_SHOWN else f"{text}…"


def and_others(count: int) -> str:
    """What follows the first of so many names in a sentence."""
    return "" if count == 1 else f" and {count - 1} more"


def damaged(what: str) -> BuildError:
    """The upload is cut short or altered; `what` is the middle of a sentence."""
    return BuildError(
        "damaged", f"The upload is damaged: {what}. Pack it again and upload it again. Nothing was stored."
    )


def link(name: str) -> BuildError:
    """A symbolic or hard link: what it leads to is not in the upload's hands."""
    detail = f"“{shown(name)}” is a link; put the file itself in its place and upload again. Nothing was stored."
    return BuildError("link", detail, path=shown(name))


def special(name: str, kind: str) -> BuildError:
    """What is neither a file, a folder nor a link."""
    return BuildError("special_file", f"“{shown(name)}” is {kind}; leave it out and upload again.", path=shown(name))
