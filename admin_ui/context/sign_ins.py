"""What the account's page shows of its sign-ins."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from admin_ui.told import told
from admin_ui.words import Moment, moment, t
from appliance.own_sessions import SessionFacts

SAID_BY_ALL = re.compile(r"(mozilla|applewebkit|gecko)/\S+ |\(khtml[^)]*\) ?", re.IGNORECASE)  # tells none apart
LENGTH = 60  # characters of a client in the list; all of it on hover


@dataclass(frozen=True, slots=True)
class SignIn:
    """A row; `agent` is all that is known of the client, and `end_href` empty for the sign-in that looks."""

    client: str
    agent: str
    begun: Moment
    last_used: Moment
    until: Moment
    end_href: str


@dataclass(frozen=True, slots=True)
class SignIns:
    """The newest rows; `more` is how many there are besides, `others` whether any is not the one that looks."""

    rows: Sequence[SignIn]
    more: int
    others: bool


def sign_ins(found: Sequence[SessionFacts], total: int) -> SignIns:
    """From those last used, and how many there are in all."""
    rows = [_row(facts) for facts in found]
    return SignIns(rows, total - len(rows), any(row.end_href for row in rows))


def client_words(agent: str) -> str:
    """A client by its User-Agent, without what all browsers say of themselves."""
    own = SAID_BY_ALL.sub("", agent).strip() or agent
    short = own if len(own) <= LENGTH else f"{own[:LENGTH]}…"
    return told(short) if short else t("sign_ins.unknown")


def _row(facts: SessionFacts) -> SignIn:
    return SignIn(
        client=client_words(facts.client),
        agent=facts.client,
        begun=moment(facts.created_at),
        last_used=moment(facts.last_used_at),
        until=moment(facts.expires_at),
        end_href="" if facts.current else f"/account/sign-ins/{facts.id}/end",
    )
