"""The setting `language`: what the operator says for everybody who did not choose."""

from pathlib import Path

import pytest

import admin_ui
from admin_ui.languages import Unspeakable
from tests.admin_ui.desk import Desk
from tests.builders import appliance
from tests.cast import ALICE, EVERYBODY

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_language_nobody_speaks_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(
        Unspeakable, match="language is 'xx', which the admin does not speak: set it to auto, or one of de, en"
    ):
        async with appliance(tmp_path / "data", EVERYBODY, admin=admin_ui.blueprints, language="xx"):
            pass


async def test_the_operator_chooses_for_everybody_who_did_not(tmp_path: Path) -> None:
    async with (
        appliance(tmp_path / "data", EVERYBODY, admin=admin_ui.blueprints, language="de") as server,
        Desk.of(server, ALICE) as alice,
    ):
        usual = await alice.page("/")
        await alice.submit("/account/look", language="en")
        chosen = await alice.page("/")

    assert [known["lang"] for page in (usual, chosen) for tag, known in page.tags if tag == "html"] == ["de", "en"]
