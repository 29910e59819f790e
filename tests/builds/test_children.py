"""What the processes that work for the server find in their environment."""

import pytest

from builds.environment import bare_environment


def test_a_child_has_neither_the_settings_nor_the_keys_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DROPDOCK_SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "a secret")

    assert "a secret" not in bare_environment().values()
    assert "PATH" in bare_environment()
