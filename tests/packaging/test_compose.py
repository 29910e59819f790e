"""The Compose files: of the right shape, in step with the settings and with what the image has."""

import dataclasses
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml
from check_jsonschema.builtin_schemas import vendor

from appliance.settings import Settings
from appliance.settings_sources import ENVIRONMENT, load
from appliance.traefik import PATH
from appliance.units import networks

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = sorted((ROOT / "packaging" / "compose").glob("*.yaml"))
COOLIFY = ROOT / "packaging" / "coolify" / "dropdock.yaml"
TOKEN = "t" * 64
EXAMPLES = {
    "DOMAIN": "sites.example.org",
    "EMAIL": "olga@example.org",
    "DNS_PROVIDER": "example",
    "TRAEFIK_TOKEN": TOKEN,
    "DROPDOCK_BASE": "sites.example.org",
    "DROPDOCK_IMAGE": "registry.example.org/dropdock:0.1.0",
    "SERVICE_FQDN_DROPDOCK": "dropdock.example.org",  # as Coolify makes them
    "SERVICE_PASSWORD_64_DROPDOCK": "s" * 64,
    "SERVICE_PASSWORD_64_TRAEFIK": TOKEN,
}
SCHEMA = json.loads((files(vendor) / "compose-spec.json").read_text(encoding="utf-8"))
KNOWN = {ENVIRONMENT + field.name.upper() for field in dataclasses.fields(Settings)}
each_file = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


def read(file: Path) -> Any:
    """The file as Compose takes it: variables in place, `$$` a dollar."""
    text = re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", value_of, file.read_text(encoding="utf-8"))
    return yaml.safe_load(text.replace("$$", "$"))


def value_of(variable: re.Match[str]) -> str:
    return EXAMPLES.get(variable[1]) or variable[2] or ""


@pytest.mark.parametrize("file", [*FILES, COOLIFY], ids=lambda file: file.stem)
def test_it_is_what_the_compose_specification_describes(file: Path) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    jsonschema.validate(read(file), SCHEMA)


def test_a_file_of_another_shape_would_be_noticed() -> None:
    wrong = read(FILES[0])
    wrong["services"]["dropdock"]["port"] = ["8080:8080"]

    with pytest.raises(jsonschema.ValidationError, match="port"):
        jsonschema.validate(wrong, SCHEMA)


@each_file
def test_its_variables_are_settings_with_values_they_take(file: Path) -> None:
    environment = {name: str(value) for name, value in read(file)["services"]["dropdock"]["environment"].items()}

    settings = load(environment=environment)

    assert environment.keys() - KNOWN == set()
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


def test_what_is_to_come_is_not_there_yet_and_needs_a_word_of_its_own() -> None:
    grown = read(ROOT / "packaging/compose/grown.yaml")
    today = [name for name, service in grown["services"].items() if "profiles" not in service]

    assert grown["x-coming"].keys() & KNOWN == set()  # else: move it to Dropdock's environment
    assert all(name.startswith(ENVIRONMENT) for name in grown["x-coming"])
    assert today == ["dropdock"]


def test_traefik_asks_for_the_sites_where_they_are_told_and_with_the_token() -> None:
    composed = read(ROOT / "packaging/compose/traefik-each-site.yaml")
    traefik, dropdock = (composed["services"][name] for name in ("traefik", "dropdock"))
    settings = load(environment={name: str(value) for name, value in dropdock["environment"].items()})
    asked = urlsplit(traefik["environment"]["TRAEFIK_PROVIDERS_HTTP_ENDPOINT"])
    environment = traefik["environment"].keys()

    assert asked.path == PATH
    assert asked.hostname == settings.admin
    assert dropdock["networks"]["front"]["aliases"] == [settings.admin]
    assert traefik["environment"]["TRAEFIK_PROVIDERS_HTTP_HEADERS_AUTHORIZATION"] == f"Bearer {settings.traefik_token}"
    assert any(
        name.startswith(f"TRAEFIK_CERTIFICATESRESOLVERS_{settings.traefik_resolver.upper()}_") for name in environment
    )
    assert f"TRAEFIK_ENTRYPOINTS_{settings.traefik_entry_point.upper()}_ADDRESS" in environment
    assert "command" not in traefik  # which the list of processes would show


def test_coolify_makes_settings_that_dropdock_takes() -> None:
    service = read(COOLIFY)["services"]["dropdock"]
    given = dict(line.split("=", 1) for line in service["environment"] if "=" in line)

    settings = load(environment=given)

    assert given.keys() - KNOWN == set()
    assert [line for line in service["environment"] if "=" not in line] == ["SERVICE_FQDN_DROPDOCK_8080"]
    assert settings.admin == "dropdock.example.org"
    assert (settings.secret_key, settings.traefik_token) == ("s" * 64, TOKEN)


def test_coolify_keeps_the_data_and_asks_how_it_is_as_the_image_does() -> None:
    composed = read(COOLIFY)
    service = composed["services"]["dropdock"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    assert service["volumes"] == [f"{name}:/data" for name in composed["volumes"]]
    assert f"CMD {json.dumps(service['healthcheck']['test'][1:])}" in dockerfile
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]


def test_coolifys_proxy_sends_every_name_below_the_base_and_no_other() -> None:
    labels = dict(label.split("=", 1) for label in read(COOLIFY)["services"]["dropdock"]["labels"])
    rule = re.fullmatch(r"HostRegexp\(`(.+)`\)", labels["traefik.http.routers.dropdock-sites.rule"])

    assert rule is not None
    assert re.search(rule[1], "k3j9x--blog.sites.example.org")
    assert not re.search(rule[1], "a.b.sites.example.org")
    assert not re.search(rule[1], "blog.sites.example.org.evil.net")


def test_a_coolify_template_begins_with_what_coolify_shows() -> None:
    head = COOLIFY.read_text(encoding="utf-8").partition("\n\n")[0]
    said = dict(line.removeprefix("# ").split(": ", 1) for line in head.splitlines())

    assert {"documentation", "slogan", "category", "tags", "port"} <= said.keys()
    assert said["port"] == "8080"
