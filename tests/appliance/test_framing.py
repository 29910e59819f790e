"""Whether a site may be framed by the admin, by the fields of its answer."""

import pytest

from appliance.framing import forbids
from appliance.serving.replies import Fields

ADMIN = "http://localhost:8080/"
SITE = "http://blog.localhost:8080/"


def options(*values: str) -> Fields:
    return tuple((b"x-frame-options", value.encode()) for value in values)


def policy(*values: str) -> Fields:
    return tuple((b"content-security-policy", value.encode()) for value in values)


@pytest.mark.parametrize(
    "fields",
    [
        options("DENY"),
        options("sameorigin"),
        options("SAMEORIGIN, ALLOWALL"),
        options("DENY", "ALLOW-FROM http://localhost:8080/"),
        policy("frame-ancestors 'none'"),
        policy("frame-ancestors"),
        policy("default-src 'self'; Frame-Ancestors 'self'"),
        policy("frame-ancestors https:"),
        policy("frame-ancestors https://localhost:8080"),
        policy("frame-ancestors http://localhost"),
        policy("frame-ancestors *.localhost:8080"),
        policy("frame-ancestors *, frame-ancestors 'none'"),
        policy("frame-ancestors *", "frame-ancestors 'none'"),
        policy("frame-ancestors 'none'; frame-ancestors *"),
    ],
)
def test_what_forbids_the_admin_to_frame_a_site(fields: Fields) -> None:
    assert forbids(fields, SITE, ADMIN)


@pytest.mark.parametrize(
    "fields",
    [
        (),
        options("ALLOWALL"),
        options("ALLOW-FROM https://example.org/"),  # browsers know it no more
        policy("default-src 'none'"),
        policy("frame-ancestors *"),
        policy("frame-ancestors http:"),
        policy("frame-ancestors 'self' http://localhost:8080"),
        policy("frame-ancestors localhost:*"),
        policy("frame-ancestors http://LOCALHOST:8080/admin"),
        (*options("DENY"), *policy("frame-ancestors *")),
        ((b"content-security-policy-report-only", b"frame-ancestors 'none'"),),
    ],
)
def test_what_lets_the_admin_frame_a_site(fields: Fields) -> None:
    assert not forbids(fields, SITE, ADMIN)


def test_a_source_without_a_port_means_the_port_of_the_scheme() -> None:
    assert not forbids(policy("frame-ancestors *.example.org"), "https://a.example.net/", "https://admin.example.org/")
    assert not forbids(policy("frame-ancestors http://x.org:443"), "http://a.example.net/", "https://x.org/")
