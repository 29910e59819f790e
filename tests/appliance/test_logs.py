"""Log lines: fields, one id for each request, and no secret whatever it comes in."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from appliance import logs
from appliance.redaction import HIDDEN, redact, redact_text
from appliance.settings import Settings

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r"
TOKEN = "dd_9f8Zk2LmQpR7sT1vXyAb3C"
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b9dWRWJTmaaJObG"
HIDE = "hunter2-S3CRET"
BEGIN = "-----BEGIN PRIVATE KEY-----"
# Put together here, so that no scanner takes them for somebody's.
KEYS = (
    *("gh" + kind + "_" + "0aB9" * 9 for kind in "pousr"),
    "github" + "_pat_" + "11ABCDEFG0" * 3 + "_" + "0aB9" * 14,
    "glp" + "at-" + "0aB9-_" * 4,
    "npm" + "_" + "0aB9" * 9,
    "pypi" + "-AgEIcHlwaS5vcmc" + "0aB9" * 20,
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ASIA" + "IOSFODNN7EXAMPLE",
    "xox" + "b-123456789012-1234567890123-" + "0aB9" * 6,
    "xox" + "p-123456789012-" + "0aB9" * 6,
    "hooks.slack" + ".com/services/T00000000/B00000000/" + "0aB9" * 6,
    "AIza" + "0aB9_-C" * 5,
    "sk" + "_live_" + "0aB9" * 6,
    "rk" + "_live_" + "0aB9" * 6,
    "sk" + "-ant-api03-" + "0aB9" * 20,
    "SG" + "." + "0aB9" * 5 + "." + "0aB9" * 10,
)


@dataclass(frozen=True)
class SignIn:
    email: str
    password: str


class Speaks:
    def __str__(self) -> str:
        return f"speaks of {TOKEN}"


SHAPES: dict[str, tuple[Any, str]] = {
    "a personal token in a sentence": (f"token {TOKEN} was used", TOKEN),
    "a JWT": (f"got {JWT}.", JWT),
    "an encrypted JWT": ("eyJhbGciOiJkaXIifQ..c2VjcmV0aXY.c2VjcmV0dGV4dA.dGFn", "c2VjcmV0dGV4dA"),
    "a bearer": (f"Bearer {HIDE}", HIDE),
    "basic credentials": ("basic b2xnYTpodW50ZXIy", "b2xnYTpodW50ZXIy"),
    "basic credentials of small letters": ("basic ajogajog", "ajogajog"),
    "an authorization header": (f"Authorization: Digest username=olga, response={HIDE}", HIDE),
    "a cookie header": (f"GET / HTTP/1.1\r\nCookie: a=1; dd_session={HIDE}\r\nHost: x", HIDE),
    "a set-cookie header": (f"set-cookie: __Host-access={HIDE}; HttpOnly", HIDE),
    "a token in a query": (f"/api/v1/x?page=1&token={HIDE}&y=2", HIDE),
    "a CSRF token in a query": (f"POST /sites?csrf={HIDE}", HIDE),
    "a password in a form": (f"email=olga%40example.org&password={HIDE}", HIDE),
    "a secret named in capitals": (f"DROPDOCK_SECRET_KEY={HIDE}", HIDE),
    "a password in JSON": (f'{{"email": "o@e.org", "password": "{HIDE} with \\" quote"}}', "with"),
    "a refresh token in JSON": (f'{{"refresh_token":"{HIDE}"}}', HIDE),
    "a password in a printed dictionary": (f"{{'new_password': '{HIDE} and more'}}", "and more"),
    "a password in a printed object": (str(SignIn("o@e.org", f"{HIDE} and more")), "and more"),
    "a header list, printed": (f"[(b'host', b'x'), (b'cookie', b'{HIDE}')]", HIDE),
    "a set-up link": (f"http://localhost:8080/setup?token={HIDE}", HIDE),
    "a set-up link with its token in the path": (f"http://localhost:8080/set-up/{HIDE}", HIDE),
    "the password of a database": (f"postgres://olga:{HIDE}@db.internal/dropdock", HIDE),
    "a password's hash": (f"found {HASH}", "c29tZXNhbHQ"),
    "a private key": (
        f"-----BEGIN EC PRIVATE KEY-----\nDEK-Info: AES-128\n\n{HIDE}\n-----END EC PRIVATE KEY-----",
        HIDE,
    ),
    "a variable named KEY": (f"DEPLOY_KEY={HIDE}", HIDE),
    "a key in YAML": (f"api_key: '{HIDE * 2}'", HIDE),
    "an AWS secret key": (f"aws_secret_access_key = {HIDE * 3}", HIDE),
    **{f"a key like {key[:12]}": (f"found {key} in .env", key) for key in KEYS},
    "bytes": (f"token={HIDE}".encode(), HIDE),
    "an object": (SignIn("o@e.org", HIDE), HIDE),
    "an object that speaks": (Speaks(), TOKEN),
    "an exception": (ValueError(f"no such token: {TOKEN}"), TOKEN),
    "a field named password": ({"password": HIDE}, HIDE),
    "a header field": ({"headers": {"Cookie": HIDE, "X-CSRF-Token": HIDE}}, HIDE),
    "a header pair": ({"headers": [("host", "x"), (b"authorization", HIDE.encode())]}, HIDE),
    "a field deep down": ({"a": [{"b": ({"secret_key": [HIDE]},)}]}, HIDE),
    "a set": ({"texts": {f"token={HIDE}"}}, HIDE),
    "a name of a field": ({f"?token={HIDE}": 1}, HIDE),
}


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where lines go; logging is as it was when the test is over."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.contextvars.clear_contextvars()
    yield io.StringIO()
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def configured(stream: io.StringIO, log_format: str = "json", log_level: str = "info") -> Any:
    logs.configure(Settings(log_format=log_format, log_level=log_level), stream)
    return structlog.get_logger("appliance.test")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(error: Exception, cause: Exception | None = None) -> None:
    raise error from cause


# ── what is taken out


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_of_a_secret_gets_past_redaction(shape: str) -> None:
    value, secret = SHAPES[shape]

    shown = json.dumps(redact({"field": value}))

    assert secret not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize("log_format", ["json", "pretty"])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_of_a_secret_gets_into_a_line(stream: io.StringIO, log_format: str, shape: str) -> None:
    value, secret = SHAPES[shape]
    log = configured(stream, log_format=log_format)

    log.info("happened", field=value, nested=[{"deeper": value}])
    logging.getLogger("hypercorn.error").warning("happened: %s", value)
    try:
        fail(RuntimeError(str(value)), ValueError(value))
    except RuntimeError:
        log.exception("failed")
        logging.getLogger("asyncio").exception("failed")

    # A field's name tells that its value is secret; an exception's text or a plain message may have lost that name.
    checked = stream.getvalue().splitlines()[:1] if isinstance(value, dict) else [stream.getvalue()]
    assert secret not in "".join(checked)


@pytest.mark.parametrize(
    "value",
    [
        "GET /docs/tokens.html?page=2 200",
        "the site alice-docs was published",
        "https://docs.localhost:8080/a:b@c",
        "SyntaxError: Unexpected token: punc (})",
        "toml: basic string cannot have new lines; a basic something; Basic usage.",
        "task-runner sk-circle npm_config_cache xoxo ghp_short AKIAlike.css",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "primary key: id, KEYS=3 monkey=banana",
        {"token_id": 7, "tokens": 3, "session_id": "s1", "token_name": "ci", "access_lifetime": "10m"},
        {"password": None, "files": 3, "ok": True, "seconds": 0.5},
        [1, None, "x"],
    ],
)
def test_what_is_no_secret_stays(value: Any) -> None:
    assert redact(value) == value


def test_what_lies_too_deep_is_hidden_whole() -> None:
    deep: Any = "x"
    for _ in range(20):
        deep = [deep]

    assert HIDDEN in json.dumps(redact(deep))


def test_control_characters_cannot_rewrite_a_terminal() -> None:
    assert redact_text("a\x1b[2Jb\x07\nc\td") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}\nc\td"


@given(
    st.recursive(
        st.none() | st.text() | st.binary() | st.floats(),
        lambda held: st.lists(held) | st.dictionaries(st.text(), held),
    )
)
def test_anything_can_be_redacted_and_encoded(value: Any) -> None:
    json.dumps(redact(value))


@pytest.mark.parametrize(
    "text",
    [
        "token" * 20_000,
        "a-" * 50_000,
        '"' * 100_000,
        "eyJaaaa." * 12_000,
        "password=" * 10_000,
        BEGIN * 3000,
        "KEY_" * 20_000,
    ],
)
def test_long_text_costs_its_length_and_no_more(text: str) -> None:
    redact_text(text)


# ── what a line is


def test_a_line_is_an_event_with_fields(stream: io.StringIO) -> None:
    log = configured(stream)

    log.info("deploy_finished", site="docs", files=3, path=Path("/data"))

    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "deploy_finished",
        "site": "docs",
        "files": 3,
        "path": "/data",
        "level": "info",
        "logger": "appliance.test",
    }


def test_the_libraries_lines_look_like_ours(stream: io.StringIO) -> None:
    configured(stream)
    library = logging.getLogger("hypercorn.error")

    library.info("Running on %s", "http://localhost:8080")

    (line,) = lines(stream)
    assert (line["event"], line["logger"]) == ("Running on http://localhost:8080", "hypercorn.error")


def test_an_exception_is_text_in_its_line(stream: io.StringIO) -> None:
    log = configured(stream)
    try:
        fail(LookupError("no such site"))
    except LookupError:
        log.exception("failed", site="docs")

    (line,) = lines(stream)
    assert (line["level"], line["site"]) == ("error", "docs")
    assert line["exception"].endswith("LookupError: no such site")


def test_lines_below_the_level_are_left_out(stream: io.StringIO) -> None:
    log = configured(stream, log_level="warning")

    log.info("quiet")
    logging.getLogger("huey").info("quiet")
    log.warning("loud")
    logging.getLogger("huey").warning("loud")

    assert [line["event"] for line in lines(stream)] == ["loud", "loud"]


def test_libraries_that_print_every_value_are_kept_quiet_at_debug(stream: io.StringIO) -> None:
    log = configured(stream, log_level="debug")

    logging.getLogger("tortoise.db_client").debug("INSERT %s", ["olga"])
    log.debug("ours")

    assert [line["event"] for line in lines(stream)] == ["ours"]


def test_the_queue_speaks_only_of_trouble(stream: io.StringIO) -> None:
    configured(stream)

    logging.getLogger("huey.consumer").info("Executing a task")
    logging.getLogger("huey.consumer").warning("a worker died")

    assert [line["event"] for line in lines(stream)] == ["a worker died"]


def test_configuring_again_does_not_repeat_lines(stream: io.StringIO) -> None:
    configured(stream)
    log = configured(stream)
    logging.getLogger("quart.app").addHandler(logging.StreamHandler(stream))
    log = configured(stream)

    log.info("once")
    logging.getLogger("quart.app").warning("once")

    assert len(lines(stream)) == 2


@pytest.mark.parametrize(
    ("log_format", "terminal", "pretty"),
    [("auto", True, True), ("auto", False, False), ("json", True, False), ("pretty", False, True)],
)
def test_lines_are_made_for_reading_on_a_terminal(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, log_format: str, terminal: bool, pretty: bool
) -> None:
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    log = configured(stream, log_format=log_format)

    log.info("happened", site="docs")

    line = stream.getvalue()
    assert line.startswith("{") is not pretty
    assert ("\x1b[" in line) is (pretty and terminal)


def test_lines_go_to_standard_error(stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_format="json"))

    structlog.get_logger("x").info("happened")

    printed = capsys.readouterr()
    assert (printed.out, json.loads(printed.err)["event"]) == ("", "happened")


# ── request ids


@pytest.mark.parametrize("given_id", ["0123456789abcdef", "Root=1-67891233", "a.b-c_d.e", "x" * 64])
def test_a_sane_request_id_is_taken(stream: io.StringIO, given_id: str) -> None:
    taken = logs.begin_request(given_id)

    assert (taken == given_id) is ("=" not in given_id)


@pytest.mark.parametrize(
    "given_id", [None, "", "short", "x" * 65, "a b c d e f", "id\r\nSet-Cookie: x", "-starts-wrong"]
)
def test_any_other_request_id_is_replaced(stream: io.StringIO, given_id: str | None) -> None:
    first, second = logs.begin_request(given_id), logs.begin_request(given_id)

    assert first != given_id
    assert len({first, second}) == 2
    assert len(first) == 32


def test_every_line_of_a_request_has_its_id(stream: io.StringIO) -> None:
    log = configured(stream)
    structlog.contextvars.bind_contextvars(left="over")

    begun = logs.begin_request("0123456789")
    log.info("ours")
    logging.getLogger("quart.app").warning("theirs")

    assert logs.request_id() == begun == "0123456789"
    assert [(line["request_id"], "left" in line) for line in lines(stream)] == [("0123456789", False)] * 2


def test_outside_of_a_request_there_is_no_id(stream: io.StringIO) -> None:
    assert logs.request_id() is None
