"""The plain values of deploys: what a sender says of one, what people see of it, what the workshop needs."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from appliance.detections import DetectionFacts
from appliance.errors import Limit
from appliance.progress import LogLine, StepFacts
from appliance.storage.manifest import Found, Manifest, Options
from appliance.storage.savings import Sums

ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that look like others: people read these aloud
ID_LENGTH = 10  # 31¹⁰ ≈ 2⁴⁹: a deploy's address cannot be guessed, and leaves 48 of a label's 63 characters to the site


UNDER_WAY = ("queued", "asking")  # states in which a deploy can still be called off
FINISHED = frozenset({"ready", "expired", "failed", "cancelled", "superseded"})


def new_id() -> str:
    """A fresh deploy id: a host-name label that cannot be guessed."""
    letters = (secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH - 1))
    return secrets.choice(ID_LETTERS[:23]) + "".join(letters)  # a letter first: never mistaken for a number


@dataclass(frozen=True, slots=True)
class NewDeploy:
    """What the sender says of a deploy; with a fresh id.

    `alias` points to it once it is ready; it does not go live then, nor as a `draft`. `expires` is in seconds from
    now. `if_live` is the deploy that has to be live for this one to take its place, by id or number, "*" for any, ""
    for none; None where that does not matter. The same `key` for the same site makes no second deploy. `build` is what
    it is: `auto` (what it is taken for, if that is certain), `static`, a generator, or "" to be asked. `again_of` is
    the number of the deploy whose files these are once more.
    """

    message: str = ""
    filename: str = ""
    draft: bool = False
    branch: str = ""
    commit: str = ""
    source: str = ""
    alias: str = ""
    expires: float | None = None
    if_live: str | None = None
    key: str = ""
    build: str = ""
    again_of: int | None = None
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which deploys of a site are meant: in these states, of that branch; what is left empty or None matters not.

    `production` are those that were to go live, not drafts nor those that only an alias was to point to. `find` stands
    in the message, the branch or the author's e-mail, or is how the commit begins, or the number.
    """

    states: tuple[str, ...] = ()
    branch: str = ""
    production: bool | None = None
    find: str = ""


Sort = Literal["number", "author", "branch", "bytes", "bytes_added", "files", "state"]


@dataclass(frozen=True, slots=True)
class Order:
    """How a list of deploys is sorted; what is alike is sorted by number, the newest first."""

    by: Sort = "number"
    rising: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a deploy came to nothing: a stable code, a sentence, the limit that was hit, whether trying again can help.

    `lines` are the last of its log where that says more.
    """

    code: str
    detail: str
    limit: Limit | None = None
    retry: bool = False
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AliasLink:
    """An alias by its name, and the address it is."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class DeployFacts:
    """A deploy as people see it; sizes are bytes.

    `state` is queued, working, ready, expired, failed, cancelled, superseded, or asking: somebody has to answer how it
    is to be built, for which `detection` says what it was taken for. `generator` is what built it, if anything did.
    `bytes_saved` of `bytes` need not be sent to a visitor who gets every file, minified and compressed as it is.
    `bytes_added` are those of content that what was live when it was made had not; None where that is not known.
    `again_of` is the number of the deploy whose files were published once more, None where they were sent.
    """

    id: str
    site: str
    number: int
    state: str
    live: bool
    draft: bool
    message: str
    author: str | None
    created_at: datetime
    finished_at: datetime | None
    url: str
    deploy_url: str
    files: int
    bytes: int
    steps: list[StepFacts]
    problems: list[Found]
    error: Failure | None
    log: list[LogLine] = field(default_factory=list)
    branch: str | None = None
    commit: str | None = None
    source: str | None = None
    aliases: list[AliasLink] = field(default_factory=list)
    expires_at: datetime | None = None
    detection: DetectionFacts | None = None
    generator: str | None = None
    bytes_saved: int = 0
    bytes_added: int | None = None
    again_of: int | None = None

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen to it, but for its expiry."""
        return self.state in FINISHED


@dataclass(frozen=True, slots=True)
class Work:
    """What the workshop needs to know of a deploy: options to record, and the manifest to compare with, if any.

    `published` names the manifests of what visitors have had lately, the last first, each once.
    """

    deploy: str
    site: str
    filename: str
    options: Options
    previous: str | None
    published: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """What a deploy holds, the SHA-256 that is stored under, what it comes to, and its `bytes_added`."""

    manifest: Manifest
    stored_as: str
    sums: Sums
    added: int | None = None
