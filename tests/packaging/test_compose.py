"""The Compose files: of the right shape, in step with the settings and with what the image has."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from appliance.settings import Settings
from appliance.settings_sources import ENVIRONMENT, load
from appliance.units import networks

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = sorted((ROOT / "packaging" / "compose").glob("*.yaml"))
EXAMPLES = {"DOMAIN": "sites.example.org", "EMAIL": "olga@example.org", "DNS_PROVIDER": "example"}
each_file = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


def read(file: Path) -> Any:
    """The file as Compose takes it: variables in place, `$$` a dollar."""
    text = re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", value_of, file.read_text(encoding="utf-8"))
    return yaml.safe_load(text.replace("$$", "$"))


def value_of(variable: re.Match[str]) -> str:
    return EXAMPLES.get(variable[1]) or variable[2] or ""


@each_file
def test_its_variables_are_settings_with_values_they_take(file: Path) -> None:
    environment = {name: str(value) for name, value in read(file)["services"]["dropdock"]["environment"].items()}

    settings = load(environment=environment)

    known = {ENVIRONMENT + field.name.upper() for field in dataclasses.fields(Settings)}
    assert environment.keys() - known == set()
    assert settings.base == environment["DROPDOCK_BASE"]


@each_file
def test_it_keeps_the_data_in_a_volume_that_it_declares(file: Path) -> None:
    composed = read(file)
    named = [volume.split(":") for volume in composed["services"]["dropdock"]["volumes"]]

    assert [target for source, target in named if source in composed["volumes"]] == ["/data"]


@each_file
def test_it_gives_the_program_no_rights_it_does_not_need(file: Path) -> None:
    service = read(file)["services"]["dropdock"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "user", "network_mode", "pid"} & service.keys()


@each_file
def test_every_network_and_volume_it_uses_is_declared(file: Path) -> None:
    composed = read(file)
    for service in composed["services"].values():
        assert set(service.get("networks", [])) <= composed.get("networks", {}).keys()
        sources = [volume.split(":")[0] for volume in service["volumes"]]
        assert {source for source in sources if not source.startswith(("/", "."))} <= composed["volumes"].keys()


@each_file
def test_it_builds_the_image_of_this_checkout(file: Path) -> None:
    build = read(file)["services"]["dropdock"]["build"]

    assert (file.parent / build / "Dockerfile").is_file()


def test_traefik_sends_the_domain_and_every_name_below_it_and_no_other() -> None:
    labels = read(ROOT / "packaging/compose/traefik.yaml")["services"]["dropdock"]["labels"]
    host, pattern = re.fullmatch(
        r"Host\(`(.+)`\) \|\| HostRegexp\(`(.+)`\)", labels["traefik.http.routers.dropdock.rule"]
    ).groups()  # type: ignore[union-attr]  # a rule of another form fails here, which is what it should

    assert host == "sites.example.org"
    for label in ("blog", "admin", "k3j9x--blog"):
        assert re.search(pattern, f"{label}.sites.example.org")
    for stranger in ("example.org", "a.b.sites.example.org", "blog.sites.example.org.evil.net", "sites.example.org"):
        assert not re.search(pattern, stranger)


def test_what_traefik_says_of_its_visitors_is_believed_from_its_network_only() -> None:
    composed = read(ROOT / "packaging/compose/traefik.yaml")
    trusted = networks(composed["services"]["dropdock"]["environment"]["DROPDOCK_TRUSTED_PROXIES"])
    subnets = [entry["subnet"] for entry in composed["networks"]["front"]["ipam"]["config"]]

    assert [str(network) for network in trusted] == subnets
    assert "ports" not in composed["services"]["dropdock"]


def test_the_image_listens_where_the_files_say() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    labels = read(ROOT / "packaging/compose/traefik.yaml")["services"]["dropdock"]["labels"]
    ports = read(ROOT / "packaging/compose/standalone.yaml")["services"]["dropdock"]["ports"]

    assert "DROPDOCK_LISTEN=0.0.0.0:8080" in dockerfile
    assert "EXPOSE 8080 8443" in dockerfile
    assert labels["traefik.http.services.dropdock.loadbalancer.server.port"] == "8080"
    assert ports == ["8080:8080"]
