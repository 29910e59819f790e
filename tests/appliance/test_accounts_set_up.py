"""The first account: one link, one winner."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import accounts, set_up, sign_in
from appliance.access import Access
from appliance.accounts import NewAccount
from appliance.actor import Actor
from appliance.data_folder import DataFolder
from appliance.errors import Conflict, Forbidden, Invalid
from appliance.models.account import Account, SetUp
from appliance.passwords import Passwords
from tests.cast import OLGA

RIVAL = """
import asyncio, sys
from pathlib import Path
from appliance import db, set_up
from appliance.access import Access
from appliance.data_folder import DataFolder
from appliance.errors import Conflict
from appliance.settings import Settings

async def main(data, token, email):
    access = Access.of(Settings(data=Path(data)), "a secret key of more than thirty-two characters")
    async with await db.open(DataFolder(Path(data))):
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            await set_up.claim(access, token, email, "a good long password")
        except Conflict as problem:
            return print(problem.code)
        print("made")

asyncio.run(main(*sys.argv[1:]))
"""


async def test_claiming_makes_an_operator_who_can_sign_in(access: Access, database: DataFolder) -> None:
    token = await set_up.begin(access)
    assert await set_up.is_open()

    actor = await set_up.claim(access, token, OLGA.email.upper(), OLGA.password)

    assert (actor.email, actor.role) == (OLGA.email, "operator")
    assert not await set_up.is_open()
    assert (await sign_in.sign_in(access, OLGA.email, OLGA.password)).actor == actor


async def test_a_new_link_replaces_the_one_before(access: Access, database: DataFolder) -> None:
    old, new = await set_up.begin(access), await set_up.begin(access)

    with pytest.raises(Forbidden):
        await set_up.claim(access, old, OLGA.email, OLGA.password)

    assert (await set_up.claim(access, new, OLGA.email, OLGA.password)).role == "operator"


async def test_a_wrong_token_is_refused_and_the_right_one_still_works(access: Access, database: DataFolder) -> None:
    with pytest.raises(Forbidden):
        await set_up.claim(access, "before any link", OLGA.email, OLGA.password)
    token = await set_up.begin(access)

    with pytest.raises(Forbidden) as refused:
        await set_up.claim(access, "a guess", OLGA.email, OLGA.password)

    assert refused.value.code == "wrong_set_up_token"
    assert (await set_up.claim(access, token, OLGA.email, OLGA.password)).role == "operator"


@pytest.mark.parametrize(("email", "password"), [("olga", OLGA.password), (OLGA.email, "short")])
async def test_a_claim_with_a_mistake_can_be_made_again(
    access: Access, database: DataFolder, email: str, password: str
) -> None:
    token = await set_up.begin(access)

    with pytest.raises(Invalid):
        await set_up.claim(access, token, email, password)

    assert (await set_up.claim(access, token, OLGA.email, OLGA.password)).role == "operator"


async def test_no_link_is_made_once_there_is_an_account(access: Access, olga: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        await set_up.begin(access)

    assert refused.value.code == "set_up_done"
    assert not await SetUp.exists()


async def test_an_account_made_meanwhile_wins_over_a_claim_under_way(access: Access, database: DataFolder) -> None:
    class Interrupted(Passwords):
        async def hash(self, password: str) -> str:
            await accounts.create(access, None, NewAccount("cli@example.org", "operator"))
            return await super().hash(password)

    token = await set_up.begin(access)

    with pytest.raises(Conflict):
        await set_up.claim(replace(access, passwords=Interrupted()), token, OLGA.email, OLGA.password)

    assert [account.email for account in await Account.all()] == ["cli@example.org"]


async def test_the_token_is_stored_as_a_hash(access: Access, database: DataFolder) -> None:
    token = await set_up.begin(access)

    assert token not in repr(await SetUp.all().values())


async def test_of_many_claims_at_once_one_wins(access: Access, database: DataFolder) -> None:
    token = await set_up.begin(access)

    outcomes = await asyncio.gather(
        *(set_up.claim(access, token, f"rival{n}@example.org", OLGA.password) for n in range(8)),
        accounts.create(access, None, NewAccount("cli@example.org", "operator", OLGA.password)),
        return_exceptions=True,
    )

    claims = [outcome for outcome in outcomes[:8] if isinstance(outcome, Actor)]
    assert all(isinstance(outcome, Conflict) for outcome in outcomes[:8] if not isinstance(outcome, Actor))
    assert len(claims) <= 1  # none, if the command line was first
    assert await Account.filter(email__startswith="rival").count() == len(claims)


async def test_of_claims_in_other_processes_one_wins(access: Access, database: DataFolder) -> None:
    token = await set_up.begin(access)
    rivals = [rival(database, token, email) for email in ("one@example.org", "two@example.org")]

    for process in rivals:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=30)[0].strip() for process in rivals]

    assert sorted(said) == ["made", "set_up_done"]
    assert await Account.all().count() == 1


def rival(folder: DataFolder, token: str, email: str) -> subprocess.Popen[str]:
    """Another process that has the database open and will claim when told to."""
    process = subprocess.Popen(
        [sys.executable, "-c", RIVAL, str(folder.root), token, email],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process
