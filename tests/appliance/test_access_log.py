"""The access log: right, without secrets, in batches, and never in a visitor's way."""

import json
import time
from pathlib import Path

import pytest

from appliance import access_log
from appliance.access_log import AccessLog, Line, as_json, common, shown
from appliance.serving.visitor import Asked

AT = 971_186_136.25  # Tue, 10 Oct 2000 13:55:36 GMT
ASKED = Asked("203.0.113.9", b"shop.test", b"GET", b"/a?b=c", "1.1")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "FLUSH_SECONDS", 0.01)


def lines_of(path: Path, count: int) -> list[str]:
    """The lines of a log, as soon as there are this many."""
    deadline = time.monotonic() + 30
    while not path.exists() or len(path.read_text("utf-8").splitlines()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return path.read_text("utf-8").splitlines()


def test_a_common_line_is_as_other_servers_write_it() -> None:
    assert common(Line(AT, ASKED, 200, 2326)) == (
        '203.0.113.9 - - [10/Oct/2000:13:55:36 +0000] "GET /a?b=c HTTP/1.1" 200 2326\n'
    )
    assert common(Line(AT, ASKED, 304, 0)).endswith(" 304 -\n")


def test_a_json_line_says_the_host_too() -> None:
    assert json.loads(as_json(Line(AT, ASKED, 200, 7))) == {
        "time": "2000-10-10T13:55:36.250Z",
        "address": "203.0.113.9",
        "host": "shop.test",
        "method": "GET",
        "target": "/a?b=c",
        "version": "1.1",
        "status": 200,
        "bytes": 7,
    }


@pytest.mark.parametrize(
    "target",
    [
        b"/x?token=hunter2x",
        b"/x?a=b&access_token=hunter2x&c=d",
        b"/x?Password=hunter2x",
        b"/.dropdock/unlock?share=hunter2x",
        b"/.dropdock/anything?hunter2x",
        b"/setup/hunter2x-hunter2x",
    ],
)
def test_secrets_do_not_reach_the_log(target: bytes) -> None:
    line = Line(AT, Asked("::1", b"h", b"GET", target, "2"), 200, 1)

    assert "hunter2x" not in common(line) + as_json(line)
    assert "[redacted]" in common(line)


@pytest.mark.parametrize("target", [b'/"x', b"/\x1b[31m", b"/a\nb", b"/\\", "/é".encode(), b"/\xff"])
def test_no_target_breaks_out_of_its_line(target: bytes) -> None:
    line = Line(AT, Asked("", b"h", b"GET", target, "1.1"), 200, 1)

    assert common(line).count("\n") == as_json(line).count("\n") == 1
    assert common(line).replace('\\"', "").count('"') == 2
    assert "\x1b" not in shown(target)


def test_lines_reach_the_file_in_order_and_a_stop_writes_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "access.log"
    log = AccessLog(common, path)
    log.start()
    for number in range(2_500):
        log.note(ASKED, 200, number + 1)
    log.stop()

    assert [int(line.split()[-1]) for line in lines_of(path, 2_500)] == list(range(1, 2_501))
    assert path.stat().st_mode & 0o007 == 0


def test_a_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    for _ in range(2):
        log = AccessLog(common, path)
        log.start()
        log.note(ASKED, 200, 1)
        log.stop()

    assert len(lines_of(path, 2)) == 2


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(common, path)
    log.start()
    try:
        log.note(ASKED, 200, 1)
        lines_of(path, 1)

        path.rename(tmp_path / "access.log.1")
        (tmp_path / "access.log").write_text("")
        log.note(ASKED, 200, 2)

        assert lines_of(path, 1)[0].endswith(" 2")
        path.unlink()
        log.note(ASKED, 200, 3)
        assert lines_of(path, 1)[0].endswith(" 3")
    finally:
        log.stop()


def test_without_a_file_lines_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    log = AccessLog(common)
    log.start()
    log.note(ASKED, 200, 1)
    log.stop()

    assert capsys.readouterr().out.endswith('HTTP/1.1" 200 1\n')


def test_what_is_too_much_is_dropped_and_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(access_log, "WAITING", 3)
    log = AccessLog(common, tmp_path / "access.log")
    for _ in range(5):
        log.note(ASKED, 200, 1)

    log.start()
    log.stop()

    assert len(lines_of(tmp_path / "access.log", 3)) == 3
    said = caplog.text + capsys.readouterr().out
    assert "access_log_dropped" in said


def test_a_log_that_cannot_be_written_stops_nothing_and_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "logs" / "access.log"
    log = AccessLog(common, path)
    log.start()
    try:
        path.unlink()
        path.mkdir()
        log.note(ASKED, 200, 1)
        time.sleep(0.1)
        path.rmdir()
        log.note(ASKED, 200, 2)

        assert lines_of(path, 1)[0].endswith(" 2")
    finally:
        log.stop()
    assert "access_log_not_written" in caplog.text + capsys.readouterr().out


def test_a_log_that_cannot_be_opened_says_so_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OSError, match="file"):
        AccessLog(common, tmp_path / "file" / "access.log").start()
