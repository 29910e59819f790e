"""The HTTP API as the command line sees it: values in, JSON out, each failure one sentence that says what to do."""

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import certifi
import httpcore
import httpx

from appliance.cli.output import Failure
from appliance.cli.program import sentence
from appliance.version import VERSION

NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})  # OpenSSL's words for plain text
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
PER_PAGE = 200  # the most the API gives at once
TIMEOUT = httpx.Timeout(60, connect=10)  # seconds of silence
GET_A_TOKEN = "`dropdock token create --account YOU --name NAME` makes one where the server's data is"  # noqa: S105 - a sentence


class Unreachable(Failure):
    """The server did not answer, or the connection broke: trying again later can help."""


class Refused(Failure):
    """The server answered that it will not; `status` is HTTP's, `code` the problem document's.

    `wait` is after how many seconds it may be asked again, where it says so.
    """

    def __init__(self, message: str, status: int, code: str = "", wait: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.wait = wait


class Client:
    """One server, and the token that says who asks. Each request makes its own connection.

    A connection that is kept may be closed by the server just when a stream that cannot be sent twice goes out on it.
    """

    def __init__(self, server: str, token: str | None) -> None:
        self.server = server.rstrip("/")
        self.has_token = token is not None
        url = httpx.URL(self.server)
        headers = {"User-Agent": f"dropdock/{VERSION}", "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            base_url=f"{self.server}/api/v1/",
            headers=headers,
            timeout=TIMEOUT,
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=url.host not in LOOPBACK,  # a proxy in the environment knows nothing of this machine
            verify=_authorities() if url.scheme == "https" else True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON
        """What is there. Raises Unreachable, Refused."""
        return self._answer("GET", path, params=query)

    def pages(self, path: str) -> list[dict[str, Any]]:
        """Every item of a listing, page after page."""
        items: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self.get(path, page=page, per_page=PER_PAGE)
            items += answer["items"]
            if not answer["items"] or len(items) >= answer["total"]:
                return items
            page += 1

    def send(self, method: str, path: str, value: object = None, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Ask for a change; the answer, or None where there is none. Raises Unreachable, Refused."""
        body = {"json": value} if value is not None else {}
        return self._answer(method, path, headers=headers or {}, **body)

    def upload(self, path: str, query: Mapping[str, str], headers: Mapping[str, str], chunks: Iterator[bytes]) -> Any:  # noqa: ANN401 - JSON
        """POST a stream that is read once, ended early by the server's answer. Raises Unreachable, Refused."""
        return self.stream("POST", path, query, headers, chunks)

    def send_bytes(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], query: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """Ask for a change with a body that is at hand. Raises Unreachable, Refused."""
        return self._answer(method, path, params=query or {}, headers=headers, content=body)

    def download(self, path: str, **query: str) -> Iterator[bytes]:
        """What is there, piece by piece. Raises Unreachable, Refused."""
        with self._sentences(), self._http.stream("GET", path, params=query) as response:
            if response.status_code != 200:
                response.read()
                raise self._refusal(response)
            yield from response.iter_bytes()

    def stream(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        chunks: Iterator[bytes],
    ) -> Any:  # noqa: ANN401 - JSON
        """Send a stream that is read once, ended early by the server's answer. Raises Unreachable, Refused."""
        connection = _Connection(plain=self.server.startswith("http:"))
        return self._answer(
            method,
            path,
            params=query,
            headers=headers,
            content=connection.until_answered(chunks),
            extensions={"trace": connection.trace},
        )

    def events(self, path: str, **query: str | int) -> Iterator["Event"]:
        """The server-sent events, as they come. Raises Unreachable, Refused."""
        accept = {"Accept": "text/event-stream"}
        with self._sentences(), self._http.stream("GET", path, headers=accept, params=query) as response:
            if response.status_code != 200:
                response.read()
                raise self._refusal(response)
            yield from events_of(response.iter_lines())

    def _answer(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - httpx's options, and JSON
        with self._sentences():
            response = self._http.request(method, path, **options)
        if not response.is_success:
            raise self._refusal(response)
        if response.status_code == 204 or not response.content:
            return None
        return self._json(response, "application/json")

    def _json(self, response: httpx.Response, media_type: str) -> Any:  # noqa: ANN401 - JSON
        if response.headers.get("Content-Type", "").partition(";")[0] != media_type:
            raise self._stranger(response)
        try:
            return response.json()
        except ValueError:
            raise self._stranger(response) from None

    def _refusal(self, response: httpx.Response) -> Failure:
        elsewhere = response.next_request and _origin(response.next_request.url)
        if elsewhere and elsewhere != _origin(response.url):
            return Failure(f"{self.server} redirects to {elsewhere}: give that address with --server.")
        problem = self._json(response, "application/problem+json")
        said = sentence(problem.get("detail") or problem["title"], problem.get("fields") or {})
        return Refused(self._advised(said, response), response.status_code, problem.get("code", ""), _wait(response))

    def _advised(self, said: str, response: httpx.Response) -> str:
        """The problem's sentence, and what to do where only the command line knows it."""
        if response.status_code == 401 and self.has_token:
            return f"{self.server} does not take this token, it may have been revoked: {GET_A_TOKEN}."
        if response.status_code == 401:
            return f"{self.server} wants to know who asks: give a token with --token or DROPDOCK_TOKEN; {GET_A_TOKEN}."
        wait = response.headers.get("Retry-After", "")
        return f"{said} Try again in {wait} s." if wait.isdigit() and "gain in" not in said else said

    def _stranger(self, response: httpx.Response) -> Failure:
        status = f"{response.status_code} {response.reason_phrase}".strip()
        way = "check --server or DROPDOCK_SERVER"
        if response.status_code == 404 and not _has_name(response.url.host):
            way = f"one answers by name. Give the address of its admin, which it prints at start, or {way}"
        return Refused(
            f"{self.server} does not answer like a Dropdock server ({status}): {way}.",
            response.status_code,
            wait=_wait(response),
        )

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            match _tls_error(error):
                case ssl.SSLCertVerificationError(verify_message=unproven):
                    raise Failure(
                        f"{self.server} does not prove by its certificate that it is that server ({unproven}): correct "
                        "its address, or name the file of the authority that signed it in SSL_CERT_FILE."
                    ) from None
                case ssl.SSLError(reason=reason) if reason in NO_TLS:
                    plain = self.server.replace("https://", "http://", 1)
                    raise Failure(f"What answers at {self.server} does not speak TLS: try {plain}.") from None
            raise Unreachable(
                f"No server answers at {self.server} ({_reason(error)}): "
                "start one with `dropdock serve`, or give its address with --server or DROPDOCK_SERVER."
            ) from None
        except httpx.TimeoutException:
            raise Unreachable(f"{self.server} has fallen silent: look after the server, then try again.") from None
        except httpx.RequestError as error:
            raise Unreachable(f"The connection to {self.server} broke ({_reason(error)}): try again.") from None


class _Connection:
    """Watches the connection that a stream goes out on, to notice an answer that comes before the stream's end."""

    def __init__(self, *, plain: bool) -> None:
        self._plain = plain  # under TLS readable bytes may be the protocol's own, so they say nothing
        self._stream: httpcore.NetworkStream | None = None

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Told by httpcore what it does."""
        if event == "connection.connect_tcp.complete" and self._plain:
            self._stream = info["return_value"]

    def until_answered(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The chunks; once the server has answered, a WriteError, upon which httpcore goes on to read the answer."""
        for chunk in chunks:
            if self._stream is not None and self._stream.get_extra_info("is_readable"):
                raise httpcore.WriteError("the server has answered already")
            yield chunk


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event: what kind, and its data."""

    name: str
    data: str


def events_of(lines: Iterator[str]) -> Iterator[Event]:
    """The events of a `text/event-stream`, given its lines (WHATWG HTML, 9.2.6)."""
    name, data = "", list[str]()
    for line in lines:
        if not line and data:
            yield Event(name or "message", "\n".join(data))
        if not line:
            name, data = "", []
        elif line.startswith("event:"):
            name = line.removeprefix("event:").removeprefix(" ")
        elif line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))


def segment(name: str) -> str:
    """A name as one segment of a path: no `/`, `?` or `..` in it can lead elsewhere."""
    return quote(name, safe="").replace(".", "%2E")


def _wait(response: httpx.Response) -> float | None:
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() else None


def _has_name(host: str) -> bool:
    """Whether a server that has a domain may be known by that host: this machine, and bare addresses, are none."""
    return host not in LOOPBACK and re.fullmatch(r"[0-9.]+|.*:.*", host) is None


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"


def _authorities() -> ssl.SSLContext:
    """Those that browsers know, the system's own, and those of SSL_CERT_FILE: of an authority of one's own."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """What TLS had against a connection that failed; None where it failed for something else."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text.partition("] ")[2] or text  # "[Errno 111] Connection refused" says it twice
