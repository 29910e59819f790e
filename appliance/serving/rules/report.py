"""What was wrong in a rule file, and how much of one is read."""

from dataclasses import dataclass

from appliance.storage.manifest import Found

MOST_REPORTED = 100  # of one file; the rest is counted
SHOWN = 60  # characters of a site's own text in a sentence


@dataclass(frozen=True, slots=True)
class RuleLimits:
    """The operator's limits: rules of each kind, and characters of a line."""

    exact: int = 10_000
    dynamic: int = 500
    headers: int = 1_000
    line: int = 2_000


class BadRule(Exception):
    """A rule that cannot be used; `code` is stable, `str()` a sentence for its author."""

    def __init__(self, message: str, code: str = "bad_rule") -> None:
        super().__init__(message)
        self.code = code


class Report:
    """The problems of one file, in the order they were found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Found] = []
        self._more = 0

    def add(self, code: str, message: str, line: int) -> None:
        """Note a problem; `line` counts from 1, 0 stands for the whole file."""
        if len(self._found) < MOST_REPORTED:
            self._found.append(Found(code, message, self.file, line or None))
        else:
            self._more += 1

    def problems(self) -> tuple[Found, ...]:
        """Everything noted; what is beyond MOST_REPORTED as one problem that counts it."""
        if not self._more:
            return tuple(self._found)
        many = f"{self.file} has {self._more} more problems."
        said = f"{self.file} has 1 more problem." if self._more == 1 else many
        return (*self._found, Found("more_problems", said, self.file, None, self._more))


def shown(text: str) -> str:
    """A site's own text, short enough for a sentence and without control characters."""
    plain = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return plain if len(plain) <= SHOWN else plain[: SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"


def lines(text: str) -> list[str]:
    """The lines of a file, whatever ended them; a byte order mark is no part of the first."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def check_length(line: str, limits: RuleLimits) -> None:
    """Raise BadRule for a line that is too long to be read."""
    if len(line) > limits.line:
        raise BadRule(f"This line is longer than {limits.line:,} characters (rule_line): left out.", "rule_limit")
