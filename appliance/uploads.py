"""How large a request's body may be, and an upload's body as a stream whose sender is held back."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, ClassVar, cast

from quart import Request

from appliance import guard
from appliance.errors import BadInput, Limit, TooLarge
from appliance.units import Size, Span
from appliance.window import EXTENSION, Window

UPLOADS = re.compile(  # method and path of requests with an upload for a body
    r"POST (?:/api/v1)?/sites/[^/]+/deploys|POST /api/v1/sites/[^/]+/(?:listings|comparison)"
    r"|POST /api/v1/contents|PUT /api/v1/contents/[^/]+"
)
STRANGERS_PATHS = ("/auth/setup", "/auth/sign-in", "/auth/refresh", "/setup", "/sign-in")  # likewise, open to anyone
STRANGERS_BODY = 32 * 1024  # bytes; the longest e-mail and, twice, the longest password, percent-encoded
HOOK_PATHS = ("/git/hook",)  # likewise; the sender's signature can be looked at only once the body is here
HOOK_BODY = 256 * 1024  # bytes; a push of a hundred commits and more


class AdminRequest(Request):
    """Quart's request, with a limit on its body that depends on who may send it.

    Quart holds a body in memory until it is complete. What anyone may send, on as many connections as they like, is
    kept small. An upload is not limited here: `intake` bounds it while it is streamed to disk. Nor is a request whose
    method and path begin as `streamed` says: each view there reads the body itself, within a limit of its own; until it
    does, the window holds the sender back.
    """

    streamed: ClassVar[re.Pattern[str] | None] = None

    def __init__(self, method: str, scheme: str, path: str, *rest: Any, **options: Any) -> None:  # noqa: ANN401 - Quart's signature
        usual = options.get("max_content_length")
        streamed = self.streamed is not None and self.streamed.match(f"{method} {path}")
        self.is_streamed = bool(streamed or UPLOADS.fullmatch(f"{method} {path}"))
        if self.is_streamed:
            options["max_content_length"] = None
        elif usual is not None and (most := _most_of_strangers(path)):
            options["max_content_length"] = usual = min(usual, most)
        super().__init__(method, scheme, path, *rest, **options)
        self.max_content_length = usual  # of what is parsed as a form


def _most_of_strangers(path: str) -> int:
    """The largest body at a path that anyone may send to, in bytes; 0 where an account is needed."""
    if path.endswith(STRANGERS_PATHS):
        return STRANGERS_BODY
    return HOOK_BODY if path.endswith(HOOK_PATHS) else 0


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The request's body, piece by piece. Quart would buffer whatever arrives; the window holds the sender back.

    Raises NotSignedIn at its end when whoever sends it may not do so any more.
    """
    window: Window | None = cast("dict[str, Any]", request.scope["extensions"] or {}).get(EXTENSION)
    async for piece in request.body:
        yield piece
        if window is not None:
            window.consumed(len(piece))
    await guard.still_admitted()


async def small_body(request: Request, setting: str, limit: Size, pause: Span) -> bytes:
    """The whole body, where it may have `limit` bytes, the value of the named setting; TooLarge, BadInput (stalled)."""
    held = bytearray()
    _check(request.content_length or 0, setting, limit)
    body = body_of(request)
    try:
        while True:
            async with asyncio.timeout(pause):
                piece = await anext(body, None)
            if piece is None:
                return bytes(held)
            held += piece
            _check(len(held), setting, limit)
    except TimeoutError:
        limit_hit = Limit("upload_timeout", str(pause))
        raise BadInput(
            f"The request paused for more than {pause}: send it again.", code="stalled", limit=limit_hit
        ) from None


def _check(size: int, setting: str, limit: Size) -> None:
    if size > limit:
        raise TooLarge(
            f"This request's body is larger than {limit} ({setting}): send less, or ask the operator of the server to "
            "raise the limit.",
            limit=Limit(setting, str(limit)),
        )
