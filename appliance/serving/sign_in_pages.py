"""The page before a site that is not for everybody: a form that needs no script, or what to do without a password."""

import html
from enum import Enum

from appliance.serving import pages
from appliance.serving.pages import Words
from appliance.serving.replies import ALWAYS, Fields

ACTION = "/.dropdock/unlock"

SAFE: Fields = (
    *ALWAYS,
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
)
FIELDS: Fields = ((b"content-type", b"text/html; charset=utf-8"), *SAFE)

_STYLE = """
form { display: grid; gap: .75rem; margin: 1.25rem 0 0; }
label { font-weight: 600; }
input, button { font: inherit; padding: .6rem .8rem; border-radius: .5rem; border: 1px solid var(--line); }
input { width: 100%; color: var(--ink); background: var(--ground); }
button { color: var(--card); background: var(--ink); border-color: var(--ink); font-weight: 600; cursor: pointer; }
input:focus-visible, button:focus-visible { outline: 3px solid var(--soft); outline-offset: 2px; }
"""
_FORM = """<form method="post" action="{action}">
<input type="hidden" name="next" value="{next}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button>Open the site</button>
</form>"""

_TITLE = "This site is not public"
_LINK = "Ask the people who made the site for a new link."


class Said(Enum):
    """What the page says."""

    ASK = "ask"
    WRONG = "wrong"
    ENDED = "ended"
    WAIT = "wait"
    BUSY = "busy"


_WITH_PASSWORD = {
    Said.ASK: Words(_TITLE, "It opens with a password.", "The people who made the site can tell you."),
    Said.WRONG: Words("That is not the password", "Nothing was opened.", "Check capitals and spaces, then try again."),
    Said.ENDED: Words("This link has ended", "It was good for some time, or it was taken back.", _LINK),
    Said.WAIT: Words("Too many tries", "The password was wrong too often.", "Try again in a few minutes."),
    Said.BUSY: Words("One moment", "Many people are signing in just now.", "Try again in a few seconds."),
}
_WITHOUT_PASSWORD = {
    **_WITH_PASSWORD,
    Said.ASK: Words(_TITLE, "It opens with a link from the people who made it.", _LINK),
}


def render(status: int, said: Said, to: str, *, has_password: bool) -> bytes:
    """The page as UTF-8 HTML that loads nothing else; `to` is the path to go to once inside."""
    words = (_WITH_PASSWORD if has_password else _WITHOUT_PASSWORD)[said]
    form = _FORM.format(action=ACTION, next=html.escape(to)) if has_password else ""
    return pages.render(status, words, style=_STYLE, more=form)
