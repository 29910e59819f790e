"""The newest lines of the log: as they were written, without secrets, and no more than are to be kept."""

import io
import json
import logging
from typing import Any

import pytest
import structlog

from appliance import logs
from appliance.log_tail import LONGEST, Line, Tail
from appliance.redaction import HIDDEN
from appliance.settings import Settings

pytestmark = pytest.mark.usefixtures("logging_as_it_was")


def configured(stream: io.StringIO | None = None, **settings: Any) -> Any:
    logs.configure(Settings(**{"log_format": "json", "log_level": "info", **settings}), stream or io.StringIO())
    return structlog.get_logger("appliance.test")


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_what_is_written_is_kept_with_its_fields(log_format: str) -> None:
    stream = io.StringIO()
    configured(stream, log_format=log_format).warning("disk_full", folder="/srv", free=0)

    (line,) = logs.tail().newest()

    assert (line.level, line.logger, line.event) == ("warning", "appliance.test", "disk_full")
    assert line.fields == {"folder": "/srv", "free": "0"}
    assert "disk_full" in stream.getvalue()
    assert "/srv" in stream.getvalue()
    assert line.at.startswith("20")


def test_what_a_library_logs_is_kept_too_and_what_is_below_the_level_is_not() -> None:
    configured().debug("of no interest")
    logging.getLogger("hypercorn.error").error("cannot %s", "bind")

    assert [(line.event, line.logger) for line in logs.tail().newest()] == [("cannot bind", "hypercorn.error")]


def test_no_secret_is_kept() -> None:
    log = configured()
    log.error(
        "failed",
        token="hunter2-S3CRET",
        deep=[{"cookie": "hunter2-S3CRET"}],
        exc_info=ValueError("password=hunter2-S3CRET"),
    )

    (line,) = logs.tail().newest()

    assert "hunter2" not in repr(line)
    assert HIDDEN in line.trace
    assert json.loads(line.fields["deep"]) == [{"cookie": HIDDEN}]


def test_the_newest_are_kept_and_come_first() -> None:
    log = configured(log_tail=3)
    for number in range(10):
        log.info("step", number=number)

    assert [line.fields["number"] for line in logs.tail().newest()] == ["9", "8", "7"]
    assert logs.tail().most == 3


def test_none_are_kept_where_none_are_to_be() -> None:
    configured(log_tail=0).info("step")

    assert (logs.tail().newest(), logs.tail().most) == ([], 0)


def test_lines_are_chosen_by_how_grave_they_are() -> None:
    log = configured(log_level="debug")
    for level in ("debug", "info", "warning", "error", "critical"):
        getattr(log, level)(level)

    tail = logs.tail()

    assert [line.event for line in tail.newest("warning")] == ["critical", "error", "warning"]
    assert len(tail.newest()) == 5


def test_a_long_line_is_cut_where_it_is_kept_and_a_traceback_to_its_end() -> None:
    stream = io.StringIO()
    log = configured(stream)
    log.error(
        "failed", text="y" * 2 * LONGEST, many=list(range(LONGEST)), exc_info=ValueError("x" * 2 * LONGEST + "the end")
    )

    (line,) = logs.tail().newest()

    assert [len(text) for text in line.fields.values()] == [LONGEST, LONGEST]
    assert len(line.trace) == LONGEST
    assert line.trace.endswith("the end")
    assert "y" * 2 * LONGEST in stream.getvalue()


def test_without_logging_there_is_nothing_to_look_at() -> None:
    logging.getLogger().handlers[:] = []

    assert logs.tail().newest() == []


def test_another_process_s_line_is_kept_with_its_number() -> None:
    tail = Tail(5)

    tail.add(Line("2026-11-26T07:00:00Z", "error", "x", "blob_lost", {}), worker=77)

    assert [line.worker for line in tail.newest()] == [77]
