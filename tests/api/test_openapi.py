"""The API's description: true to what is served, and shown without asking anybody else for anything."""

import re

import httpx
import pytest
from playwright.async_api import async_playwright
from quart import Quart

from appliance.api import openapi
from tests import components


async def test_the_description_is_open_and_names_every_operation(app: Quart, address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        description = (await client.get("/api/openapi.json")).json()

    served = {
        (method.lower(), re.sub(r"<(?:.*?:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/api/v1/") and method != "HEAD"
    }
    described = {(method, path) for path, item in description["paths"].items() for method in item}
    assert described == served
    assert description["openapi"] == "3.1.0"


def test_every_operation_has_a_name_of_its_own_and_a_summary(app: Quart) -> None:
    operations = [operation for item in openapi.document(app)["paths"].values() for operation in item.values()]

    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] and operation["tags"][0] for operation in operations)


def test_what_needs_an_account_says_so(app: Quart) -> None:
    paths = openapi.document(app)["paths"]

    assert paths["/api/v1/me"]["get"]["security"] == [{"token": []}, {"cookie": []}]
    assert "401" in paths["/api/v1/me"]["get"]["responses"]
    assert paths["/api/v1/auth/sign-in"]["post"]["security"] == []


def test_every_reference_leads_somewhere(app: Quart) -> None:
    document = openapi.document(app)

    for reference in set(re.findall(r"'\$ref': '#/components/(\w+)/([\w.-]+)'", repr(document))):
        kind, name = reference
        assert name in document["components"][kind]


async def test_the_page_and_its_files_are_open_under_a_strict_policy(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        page = await client.get("/api/docs")
        files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
        answers = [await client.get(file) for file in files]
        missing = await client.get("/api/docs/README.md")

    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert not re.search(r"https?:|<script>", page.text)
    assert missing.status_code == 404


def test_every_shipped_file_of_the_viewer_is_where_the_program_looks() -> None:
    assert all(openapi._asset(name) for name in (*openapi.VIEWER, "index.html", "LICENSE", "NOTICE"))


@pytest.mark.browser
async def test_the_viewer_shows_the_api_and_asks_nobody_else(address: str) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=components.browser(), args=["--no-sandbox"])
        page = await chromium.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        await page.goto(f"{address}/api/docs")
        await page.get_by_text("Sign in with e-mail and password.").click()
        await page.get_by_role("button", name="Try it out").click()
        await chromium.close()

    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert complaints == []
