"""How plans are written: in tables or in a text, with their bounds, and what is wrong said by name."""

from pathlib import Path

import pytest

from appliance.plan import Plan, plans
from appliance.settings import Settings, carried, from_carried, written
from appliance.settings_sources import BadSettings, load
from appliance.units import Size, Span

FREE = Plan("free", 3, Size.parse("500MB"), 10, Size.parse("50MB"), Span.parse("60m"))
TABLES = """
default_plan = "free"

[plans.free]
sites = 3
storage = "500MB"
deploys = 10
upload = "50MB"
build_time = "60m"

[plans.pro]
sites = 50
"""


def test_tables_and_text_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text(TABLES)

    settings = load(config=tmp_path / "appliance.toml", environment={})

    assert settings.plans == (FREE, Plan("pro", 50))
    assert plans(written(settings.plans)) == settings.plans
    assert settings.default_plan == "free"


def test_there_are_none_unless_they_are_written() -> None:
    assert Settings().plans == ()


def test_plans_reach_other_processes_whole() -> None:
    settings = Settings(plans=(FREE, Plan("pro")))

    assert from_carried(carried(settings)).plans == settings.plans


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("free sites", 'is a list of plans with limits, such as "free sites=3 storage=500MB"'),
        ("free site=3", r"has no limit site \(in free; perhaps sites\)"),
        ("free memory=3", r"has no limit memory \(in free; there are sites, storage, "),
        ("free sites=many", "has a limit in free that cannot be: sites is a whole number from 0 to"),
        ("free deploys=0", "deploys is a whole number from 1 to"),
        ("free storage=much", "storage is a size, such as"),
        ("Free sites=3", "has a plan 'Free': use 1 to 40 of"),
        ("free sites=1, free sites=2", "names a plan twice"),
    ],
)
def test_what_cannot_be_is_named(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        plans(text)


def test_a_plan_has_to_be_a_table(tmp_path: Path) -> None:
    (tmp_path / "appliance.toml").write_text("[plans]\nfree = 3\n")

    with pytest.raises(BadSettings, match=r"plans has no table of limits for free: write \[plans\.free\]\.$"):
        load(config=tmp_path / "appliance.toml", environment={})


def test_the_usual_plan_has_to_be_one() -> None:
    with pytest.raises(BadSettings, match="default_plan is 'gold', which is no plan: there are free"):
        load(environment={"DROPDOCK_PLANS": "free sites=3", "DROPDOCK_DEFAULT_PLAN": "gold"})
