"""Bodies that may come compressed, held in memory within a limit that counts what they become."""

import io
import zlib

import zstandard
from quart import request

from appliance.errors import BadInput, Limit, TooLarge, Unsupported
from appliance.settings import Settings
from appliance.uploads import body_of, small_body

__all__ = ["body_of", "packed_body"]

CODINGS = ("identity", "gzip", "zstd")
GZIP_WINDOW = 16 + zlib.MAX_WBITS
LARGEST_WINDOW = 8 * 2**20  # bytes of memory a zstd frame may ask for (RFC 8878, 3.1.1.1.2, recommends to take as much)


async def packed_body(settings: Settings) -> bytes:
    """The request's body, decompressed.

    Raises TooLarge (listing_size), Unsupported for other codings, BadInput when it stops or is damaged.
    """
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in CODINGS:
        raise Unsupported(f"Send the body in one of these codings: {', '.join(CODINGS)}.")
    raw = await small_body(request, "listing_size", settings.listing_size, settings.upload_timeout)
    most = int(settings.listing_size)
    try:
        body = _decompressed(raw, coding, most + 1)
    except (zlib.error, zstandard.ZstdError):
        raise BadInput(f"The body is not whole, or no {coding}: send it again.", code="damaged") from None
    if len(body) > most:
        raise TooLarge(
            f"The body is larger than {settings.listing_size} (listing_size): send less, or ask the operator of the "
            "server to raise the limit.",
            limit=Limit("listing_size", str(settings.listing_size)),
        )
    return body


def _decompressed(raw: bytes, coding: str, most: int) -> bytes:
    """At most so many bytes of what it becomes."""
    if coding == "gzip":
        decompressor = zlib.decompressobj(GZIP_WINDOW)
        body = decompressor.decompress(raw, most)
        if len(body) < most and not decompressor.eof:
            raise zlib.error("cut short")
        return body
    if coding == "zstd":
        with zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).stream_reader(io.BytesIO(raw)) as reader:
            return reader.read(most)
    return raw
