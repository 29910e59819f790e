"""Log lines: events with fields, as JSON or made for reading, without secrets, each with the id of its request."""

import logging
import re
import sys
import uuid
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from appliance.log_tail import Tail
from appliance.redaction import redact
from appliance.settings import Settings

SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")  # what we take from a proxy's X-Request-Id
OURS_TO_PRINT = ("hypercorn.access", "hypercorn.error", "quart.app", "quart.serving", "huey", "asyncio", "tortoise")
TOO_TALKATIVE = ("tortoise.db_client", "aiosqlite", "httpcore", "hpack")  # at debug they print every value there is
OVERTAKEN = ("huey",)  # what it says of each task, our own lines say better; at debug it may


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (default: stderr), the libraries' as well as ours.

    May be called again; the last call counts. A library that wants to print for itself is to be given its logger:
    `config.errorlog = logging.getLogger("hypercorn.error")`.
    """
    stream = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    handler = _Handler(stream, Tail(settings.log_tail))
    handler.setFormatter(_formatter(settings.log_format, stream, handler.tail))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in OURS_TO_PRINT:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in TOO_TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.INFO))
    for name in OVERTAKEN:
        logging.getLogger(name).setLevel(level if level == logging.DEBUG else max(level, logging.WARNING))
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def tail() -> Tail:
    """The newest lines of this process, as `configure` has them kept; none where it was not called."""
    handlers = logging.getLogger().handlers
    return next((handler.tail for handler in handlers if isinstance(handler, _Handler)), Tail(0))


def begin_request(given: str | None) -> str:
    """Start a request: from here on its lines carry the id returned, which also goes into the answer's X-Request-Id.

    `given` is the request's own X-Request-Id, taken if it is sane. Call it in the request's task, before anything else.
    """
    request_id = given if given and SANE_ID.fullmatch(given) else uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def request_id() -> str | None:
    """The id of the request being answered, None outside of one."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found


def redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last step before a line is written; nothing with a secret gets past it."""
    clean: EventDict = redact(event)
    return clean


_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,  # to text, so that it is redacted like any other
)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines, and knows where the newest are kept."""

    def __init__(self, stream: TextIO, newest: Tail) -> None:
        super().__init__(stream)
        self.tail = newest


def _formatter(log_format: str, stream: TextIO, newest: Tail) -> logging.Formatter:
    pretty = log_format == "pretty" or (log_format == "auto" and stream.isatty())
    renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if pretty:
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redacted, newest.written, renderer],
    )
