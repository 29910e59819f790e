"""The pages we show when a site has none of its own: what happened, and what to do."""

from dataclasses import dataclass

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --ink: #1c2330; --soft: #5a6475; --line: #e2e6ec; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ground: #12151b; --card: #1a1f28; --ink: #e8ecf3; --soft: #9aa5b8; --line: #2a313d; }}
}}
* {{ box-sizing: border-box; }}
body {{
  margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--ground); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}}
main {{
  width: 100%; max-width: 30rem; padding: 2.25rem 2.5rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 1rem;
}}
.status {{ margin: 0; color: var(--soft); font-size: .875rem; letter-spacing: .08em; }}
h1 {{ margin: .25rem 0 .75rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; }}
p {{ margin: 0 0 .75rem; }}
p:last-of-type {{ margin: 0; color: var(--soft); }}
{style}</style>
</head>
<body>
<main>
<p class="status">{status}</p>
<h1>{title}</h1>
<p>{said}</p>
<p>{hint}</p>
{more}</main>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says: its title, what happened, and what the visitor can do."""

    title: str
    said: str
    hint: str


UNKNOWN_HOST = Words(
    "There is no site here",
    "This server answers, but no site is published at this address.",
    "Check the address for a typing error. If the site is yours, see that its name or domain is set up in Dropdock.",
)

_BY_STATUS = {
    400: Words(
        "This request makes no sense",
        "The browser or program sent a request that the server cannot read safely.",
        "Check the address for stray characters, then try again.",
    ),
    404: Words(
        "Page not found",
        "There is nothing at this address. It may have moved, or it never existed.",
        "Check the address, or go to the site's start page.",
    ),
    405: Words(
        "That does not work here",
        "This is a page to be read; it takes no forms, uploads or changes.",
        "If a form brought you here, its address is wrong: tell the people who made the site.",
    ),
    408: Words(
        "That took too long",
        "The server waited for the rest of the request, and it did not come.",
        "Check the connection, then try again.",
    ),
    412: Words(
        "The page has changed",
        "The request was only meant for a version of this page that is no longer, or not yet, here.",
        "Load the page again to get the version that is live now.",
    ),
    414: Words(
        "The address is too long",
        "The server does not read addresses of this length.",
        "Shorten the address, in particular what follows the question mark.",
    ),
    416: Words(
        "That part does not exist",
        "The request was for a part of the file that lies beyond its end.",
        "Start the download again from the beginning.",
    ),
    421: Words(
        "That site is not here",
        "The browser asked for this address on a connection that was made for another one.",
        "Load the page again.",
    ),
    431: Words(
        "The request is too large",
        "The headers sent along with the request are larger than the server reads.",
        "Clear the cookies for this address, then try again.",
    ),
    500: Words(
        "Something broke on our side",
        "The server knows this page but could not read it. The people who run it have been told.",
        "Try again in a little while.",
    ),
    501: Words(
        "No such request",
        "The method of a request is written in capitals: GET, not get. This server knows no other.",
        "Use a current browser, or have the program that asked put right.",
    ),
    502: Words(
        "No answer from further on",
        "This page comes from another server, which could not be reached, or whose answer cannot be passed on.",
        "Try again in a little while.",
    ),
    504: Words(
        "That took too long",
        "This page comes from another server, which did not answer in time.",
        "Try again in a little while.",
    ),
    508: Words(
        "This goes around in a circle",
        "This page comes from another server, which asked this one for it.",
        "Tell the people who made the site.",
    ),
    505: Words(
        "That version is not spoken here",
        "This server speaks HTTP/1.0, HTTP/1.1 and HTTP/2.",
        "Use a current browser or program.",
    ),
}


def render(status: int, words: Words | None = None, *, style: str = "", more: str = "") -> bytes:
    """The page for a status as UTF-8 HTML that loads nothing else; the words default to those for the status.

    `more` is HTML after the words, and `style` the CSS for it.
    """
    words = words or _BY_STATUS[status]
    said = {"title": words.title, "said": words.said, "hint": words.hint}
    return _TEMPLATE.format(status=status, style=style, more=more, **said).encode()
