"""Who acts: an account, how and from where it asks, and what the token it asks with may do."""

from dataclasses import dataclass, field
from typing import Literal

from appliance.errors import Forbidden

Right = Literal["read", "deploy", "all"]
RIGHTS: tuple[Right, ...] = ("read", "deploy", "all")
"""What a token may do; each includes those before it."""

WORDS: dict[Right, str] = {"read": "read", "deploy": "read and deploy", "all": "do everything"}


@dataclass(frozen=True, slots=True)
class Actor:
    """The account acting in a request; `role` is operator, admin or user.

    `via` is how it proved itself, in words (browser, sign-in, token ci), `address` where it asks from, "" where that
    is not a request. Both are for the record, never for a decision. A token may have fewer rights than its account, and
    be for one site only: `only_site` is its number.
    """

    id: int
    email: str
    role: str
    via: str = field(default="", compare=False)
    address: str = field(default="", compare=False)
    right: Right = "all"
    only_site: int | None = None

    def need(self, right: Right) -> None:
        """Raise Forbidden unless this may be done with what the account asks with."""
        if RIGHTS.index(right) > RIGHTS.index(self.right):
            raise Forbidden(f"This token may only {WORDS[self.right]}: use one with more rights.", code="token_rights")

    def need_every_site(self) -> None:
        """Raise Forbidden where the token is for one site only."""
        if self.only_site is not None:
            raise Forbidden("This token is for one site only: use one that is for all.", code="token_rights")
