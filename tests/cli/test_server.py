"""`serve`: from options to settings. The server itself has tests of its own."""

from pathlib import Path

import pytest

from appliance.cli import server
from appliance.cli.program import run as run_program
from appliance.settings import Settings


class Recorder:
    """Stands where the server would: keeps the settings it is run with."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.file: Path | None = None

    def __call__(self, settings: Settings, file: Path | None) -> int:
        self.settings, self.file = settings, file
        return 3


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    monkeypatch.chdir(tmp_path)
    return Recorder()


def serve(recorder: Recorder, *arguments: str) -> int:
    command = server.command(recorder)
    return run_program({"serve": ("Run the server.", lambda: command)}, ["serve", *arguments])


def test_options_become_settings_and_the_servers_ending_the_exit_code(recorder: Recorder, tmp_path: Path) -> None:
    code = serve(recorder, "--data", str(tmp_path / "d"), "--listen", "127.0.0.1:9000", "--base", "Sites.example.org")

    assert code == 3
    assert recorder.settings is not None
    assert recorder.settings.data == tmp_path / "d"
    assert str(recorder.settings.listen) == "127.0.0.1:9000"
    assert recorder.settings.base == "sites.example.org"


def test_the_command_line_goes_over_the_file(recorder: Recorder, tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('base = "from.file"\nlisten = "127.0.0.1:1"\n')

    serve(recorder, "--config", str(file), "--listen", "127.0.0.1:2")

    assert recorder.settings is not None
    assert recorder.settings.base == "from.file"
    assert recorder.settings.listen.port == 2
    assert recorder.file == file


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--listen", "nonsense", "it is an address and a port"),
        ("--listen", "8080", "it is an address and a port"),
        ("--base", "not a domain", "it is a domain name"),
    ],
)
def test_an_option_that_cannot_be_used_is_bad_usage(
    recorder: Recorder, option: str, value: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = serve(recorder, option, value)

    assert code == 2
    assert f"Invalid value for '{option}': {told}" in capsys.readouterr().err
    assert recorder.settings is None


def test_a_file_that_cannot_be_used_is_told(recorder: Recorder, capsys: pytest.CaptureFixture[str]) -> None:
    code = serve(recorder, "--config", "missing.toml")

    assert code == 78
    assert "missing.toml cannot be read" in capsys.readouterr().err
    assert recorder.settings is None
