"""HTTP/2 for sites (RFC 9113), on a bare asyncio protocol."""
