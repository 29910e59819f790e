"""`account` and `token` on a real data directory."""

import asyncio
import io
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from argon2 import PasswordHasher

import main as entry
from appliance import db
from appliance.data_folder import DataFolder
from appliance.models.account import Account, PersonalToken
from tests.cli.conftest import Outcome, Run

if sys.platform != "win32":
    import resource

ALICE = "alice@example.org"
PASSWORD = "correct horse battery"
NOBODY = 65_534
SHARED = 32_768  # bytes that SQLite has beside a database in use, before anything is written

only_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can use what is not its own")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logging_as_it_was: None) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    made = io.StringIO()
    monkeypatch.setattr(sys, "stdin", made)
    return made


def create_alice(run: Run, data: Path, role: str = "operator") -> Outcome:
    return run("account", "create", "--email", ALICE, "--role", role, "--data", data)


async def accounts_in(data: Path) -> dict[str, tuple[str, str | None]]:
    async with await db.open(DataFolder(data)):
        return {row.email: (row.role, row.password) for row in await Account.all()}


async def tokens_in(data: Path) -> list[str]:
    async with await db.open(DataFolder(data)):
        return [row.hint for row in await PersonalToken.all()]


def test_an_account_gets_a_password_made_for_it(run: Run, data: Path) -> None:
    outcome = create_alice(run, data)

    assert outcome.code == 0
    first, second = outcome.out.splitlines()
    assert first == f"{ALICE} is now an account in the role operator."
    assert len(second.removeprefix("password: ")) == 20
    [(email, (role, hashed))] = asyncio.run(accounts_in(data)).items()
    assert (email, role) == (ALICE, "operator")
    assert PasswordHasher().verify(str(hashed), second.removeprefix("password: "))


def test_an_account_in_a_data_directory_that_is_made_for_it_is_told_where(run: Run, data: Path) -> None:
    first = create_alice(run, data)
    second = run("account", "create", "--email", "bob@example.org", "--role", "user", "--data", data)

    assert first.err.startswith(f"{data} is a new data directory: ")
    assert second.err == ""


def test_a_password_made_is_as_long_as_the_settings_want(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPDOCK_PASSWORD_LENGTH", "40")

    assert len(create_alice(run, data).out.splitlines()[1].removeprefix("password: ")) == 40


def test_a_password_from_standard_input_is_not_shown(run: Run, data: Path, stdin: io.StringIO) -> None:
    stdin.write(f"{PASSWORD}\r\nmore\n")
    stdin.seek(0)

    outcome = run("account", "create", "--email", ALICE, "--role", "operator", "--password-stdin", "--data", data)

    assert outcome.code == 0
    assert PASSWORD not in outcome.out + outcome.err
    assert PasswordHasher().verify(str(asyncio.run(accounts_in(data))[ALICE][1]), PASSWORD)


def test_no_password_on_standard_input_is_told(run: Run, data: Path, stdin: io.StringIO) -> None:
    outcome = run("account", "create", "--email", ALICE, "--role", "operator", "--password-stdin", "--data", data)

    assert (outcome.code, outcome.out) == (1, "")
    assert "no password on standard input" in outcome.err


def test_a_terminal_is_asked_twice_without_showing_it(data: Path) -> None:
    ours, theirs = os.openpty()
    arguments = ["account", "create", "--email", ALICE, "--role", "operator", "--data", str(data)]
    command = [sys.executable, entry.__file__, *arguments]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        seen = b""
        for prompt in (b"Password: ", b"The same again: "):
            while not seen.endswith(prompt):
                seen += os.read(ours, 1000)
            os.write(ours, PASSWORD.encode() + b"\n")
        out, _ = process.communicate(timeout=30)
    os.close(ours)

    assert (process.returncode, out) == (0, f"{ALICE} is now an account in the role operator.\n".encode())
    assert PASSWORD.encode() not in seen


@pytest.mark.parametrize(
    ("email", "role", "told"),
    [
        (ALICE, "user", "The first account must be an operator"),
        ("nobody", "operator", "This is not an e-mail address"),
    ],
)
def test_an_account_that_cannot_be_is_one_sentence(run: Run, data: Path, email: str, role: str, told: str) -> None:
    outcome = run("account", "create", "--email", email, "--role", role, "--data", data)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(told)
    assert outcome.err.count("\n") == 1


def test_an_account_cannot_be_made_twice(run: Run, data: Path) -> None:
    create_alice(run, data)

    outcome = create_alice(run, data, role="user")

    assert (outcome.code, outcome.out, outcome.err) == (1, "", f"There already is an account {ALICE}.\n")


def test_a_role_nobody_knows_is_bad_usage(run: Run, data: Path) -> None:
    assert create_alice(run, data, role="king").code == 2


def test_a_token_stands_alone_on_its_line(run: Run, data: Path) -> None:
    create_alice(run, data)

    outcome = run("token", "create", "--account", "Alice@example.org", "--name", "laptop", "--data", data)

    assert (outcome.code, outcome.err) == (0, "")
    [token] = outcome.out.splitlines()
    assert token.startswith("dd_")
    assert [token.startswith(hint) for hint in asyncio.run(tokens_in(data))] == [True]


def test_a_token_for_nobody_is_told(run: Run, data: Path) -> None:
    create_alice(run, data)

    outcome = run("token", "create", "--account", "bob@example.org", "--name", "laptop", "--data", data)

    assert (outcome.code, outcome.out, outcome.err) == (1, "", "There is no account 'bob@example.org'.\n")


def test_a_token_is_not_made_in_a_folder_without_accounts(run: Run, data: Path) -> None:
    outcome = run("token", "create", "--account", ALICE, "--name", "laptop", "--data", data)

    assert outcome.code == 1
    assert "--data" in outcome.err
    assert not data.exists()


@only_root
def test_root_leaves_nothing_in_a_folder_whose_server_is_another_users(run: Run, data: Path, tmp_path: Path) -> None:
    create_alice(run, data)
    for path in (data, *data.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    backups = tmp_path / "backups"
    user, token = ("--email", "bob@example.org", "--role", "user"), ("--account", ALICE, "--name", "laptop")
    all_of_them = (
        ("account", "create", *user),
        ("token", "create", *token),
        ("sweep",),
        ("backup", backups),
        ("verify",),
        ("serve", "--listen", "127.0.0.1:0"),
    )

    outcomes = [run(*words, "--data", data) for words in all_of_them]

    assert {(outcome.code, outcome.out) for outcome in outcomes} == {(1, "")}
    assert all("run this as that user, with `sudo -u nobody` before it.\n" in outcome.err for outcome in outcomes)
    assert [path for path in data.rglob("*") if path.stat().st_uid == 0] == []


@only_root
def test_root_is_told_to_give_away_what_it_has_restored(run: Run, data: Path, tmp_path: Path) -> None:
    create_alice(run, data)
    run("backup", tmp_path / "backups", "--data", data)
    new = tmp_path / "new"
    new.mkdir()
    os.chown(new, NOBODY, NOBODY)

    outcome = run("restore", tmp_path / "backups", "--data", new)

    assert outcome.code == 0
    assert f"`chown -R nobody: {new}` before a server of that user starts on it.\n" in outcome.err


def test_a_data_directory_that_cannot_be_used_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    outcome = create_alice(run, tmp_path / "file" / "data")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such limit there")
def test_a_database_that_cannot_be_written_is_one_sentence(run: Run, data: Path) -> None:
    create_alice(run, data)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(sqlite3.connect(data / "dropdock.db")) as another:
        another.execute("CREATE TABLE filler AS SELECT zeroblob(40000)")  # what follows it in the log is beyond SHARED
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (SHARED, before[1]))  # as on a disk that is full
            outcome = run("account", "create", "--email", "bob@example.org", "--role", "user", "--data", data)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert f"{data / 'dropdock.db'} cannot be used, and nothing was changed: " in outcome.err
