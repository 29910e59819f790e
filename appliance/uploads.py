"""A request's body as a stream whose sender is held back until it has been taken."""

from collections.abc import AsyncIterator
from typing import Any, cast

from quart import Request

from appliance.window import EXTENSION, Window

UPLOAD_PATHS = ("/deploys",)  # how the path of a request with an upload for a body ends


class AdminRequest(Request):
    """Quart's request, but the body of an upload is not limited: `intake` bounds it while it is streamed to disk."""

    def __init__(self, method: str, scheme: str, path: str, *rest: Any, **options: Any) -> None:  # noqa: ANN401 - Quart's signature
        if method == "POST" and path.endswith(UPLOAD_PATHS):
            options["max_content_length"] = None
        super().__init__(method, scheme, path, *rest, **options)


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The request's body, piece by piece. Quart would buffer whatever arrives; the window holds the sender back."""
    window: Window | None = cast("dict[str, Any]", request.scope["extensions"] or {}).get(EXTENSION)
    async for piece in request.body:
        yield piece
        if window is not None:
            window.consumed(len(piece))
