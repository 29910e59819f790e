"""Who acts: an account, and how and from where it asks."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Actor:
    """The account acting in a request; `role` is operator, admin or user.

    `via` is how it proved itself, in words (browser, sign-in, token ci), `address` where it asks from, "" where that
    is not a request. Both are for the record, never for a decision.
    """

    id: int
    email: str
    role: str
    via: str = field(default="", compare=False)
    address: str = field(default="", compare=False)
