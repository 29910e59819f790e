"""How a site is built: what cannot hold is refused when it is set, not when somebody deploys."""

import pytest

from appliance.errors import Invalid
from appliance.site_builds import check_versions


@pytest.mark.parametrize("version", ["potato", ">=22 <", "1..2", "22 and more", "lts/iron", "22\n", "9" * 99])
def test_a_version_that_says_none_is_refused(version: str) -> None:
    with pytest.raises(Invalid, match="written like 22"):
        check_versions({"node": version})


@pytest.mark.parametrize("version", ["22", "v22.3.0", "3.12", ">=20 <23", "^22.1 || ~24", "22.x", ""])
def test_a_version_as_projects_write_them_is_taken(version: str) -> None:
    check_versions({"node": version, "python": version, "hugo": version})


def test_a_version_of_a_tool_that_is_not_chosen_here_is_refused() -> None:
    with pytest.raises(Invalid, match="one of node, python, hugo"):
        check_versions({"ruby": "3"})
