"""Where plain HTTP is sent, and where it is not."""

import pytest

from appliance.serving.secure import Policy


@pytest.mark.parametrize(
    ("port", "host", "target", "location"),
    [
        (443, b"shop.test", b"/", b"https://shop.test/"),
        (443, "shop.test", b"/", b"https://shop.test/"),
        (8443, b"SHOP.test:80", b"/a?b", b"https://shop.test:8443/a?b"),
        (443, b"[::1]:80", b"/", b"https://[::1]/"),
        (443, b"shop.test", b"//evil.test/", b"https://shop.test//evil.test/"),
        (443, b"shop.test", b"/healthz/x", b"https://shop.test/healthz/x"),
        (0, b"shop.test", b"/", None),
        (443, b"shop.test", b"*", None),
        (443, b"not a host", b"/", None),
        (443, b"", b"/", None),
        (443, b"shop.test", b"/readyz?verbose", None),
        (443, b"shop.test", b"/.well-known/acme-challenge/token", None),
    ],
)
def test_plain_http_is_sent_to_the_same_place_over_https(
    port: int, host: bytes | str, target: bytes, location: bytes | None
) -> None:
    reply = Policy(port).move(host, target)

    assert (dict(reply.fields)[b"location"] if reply else None) == location
    assert reply is None or reply.status == 308


def test_a_policy_is_one_line_and_none_is_no_line() -> None:
    assert Policy(hsts=b"max-age=1").line == b"strict-transport-security: max-age=1\r\n"
    assert Policy().line == b""
