"""Stylesheets, minified, are the same rules to a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from builds.minify import minified
from tests.admin_ui.window import chromium
from tests.clients.node import Package, command

pytestmark = pytest.mark.needs("chromium")

MODERN = Path(__file__).parent / "sheets/modern.css"

RULES = """sheet => {
    const style = new CSSStyleSheet();
    style.replaceSync(sheet);
    const tight = text => text.replace(/\\s+/g, " ").replace(/ ?([,:{}()\\[\\]\\/*]) ?/g, "$1").trim();
    const plain = text => tight(text).replace(/(^|[^\\w.])0+(?=[.]\\d)/g, "$1").replace(/([.]\\d*?)0+(?!\\d)/g, "$1");
    const one = document.body.appendChild(document.createElement("i"));
    const value = (style, name) => {
        const text = plain(style.getPropertyValue(name));
        if (name === "background-color" && text === "initial") return plain("rgba(0, 0, 0, 0)");
        if (name === "font-family") return text.toLowerCase();  // whose case does not matter (CSS Fonts 4, 5.1)
        if (name.startsWith("--") || !CSS.supports("color", text)) return text;
        if (/[(]|currentcolor|initial|inherit/i.test(text)) return text;
        one.style.color = text;
        return plain(getComputedStyle(one).color);  // black and #000 are one
    };
    const told = rule => [
        rule.constructor.name,
        plain(rule.cssText.split("{")[0]),
        [...(rule.style || [])].map(name => [name, value(rule.style, name),
                                             rule.style.getPropertyPriority(name)]),
        rule.style ? null : plain(rule.cssRules ? "" : rule.cssText),
        [...(rule.cssRules || [])].map(told),
    ];
    return [...style.cssRules].map(told);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


def rules(page: Page, sheet: str) -> list[Any]:
    """Every rule as a browser has it, with those in it, and every declaration."""
    told: list[Any] = page.evaluate(RULES, sheet)
    return told


def same_in_a_browser(page: Page, sheet: str, most: float) -> list[Any]:
    """The rules of a stylesheet, which are those of what is made of it."""
    made = minified("css", sheet.encode())
    assert made is not None, "left alone"
    assert len(made) < len(sheet.encode()) * most

    before = rules(page, sheet)

    assert rules(page, made.decode()) == before
    return before


def test_a_modern_stylesheet_keeps_every_rule(page: Page) -> None:
    found = same_in_a_browser(page, MODERN.read_text(), 0.9)

    kinds = str(found)
    for kind in ("CSSLayerBlockRule", "CSSContainerRule", "CSSSupportsRule", "CSSScopeRule", "CSSPropertyRule"):
        assert kind in kinds


def bootstrap(sheet: str) -> str:
    return Path(command(Package("bootstrap@5", f"bootstrap/dist/css/{sheet}.css"))[1]).read_text()


@pytest.mark.long
@pytest.mark.parametrize("sheet", ["bootstrap-reboot", "bootstrap-utilities"])
def test_bootstraps_parts_keep_every_rule(page: Page, sheet: str) -> None:
    assert len(same_in_a_browser(page, bootstrap(sheet), 0.95)) > 50


@pytest.mark.long
@pytest.mark.parametrize("sheet", ["bootstrap", "bootstrap.rtl", "bootstrap-grid"])
def test_bootstrap_as_a_whole_is_left_alone_for_its_columns_would_have_another_basis(sheet: str) -> None:
    """`flex: 1 0 0` would become `flex: 1 0`, whose basis is 0 %."""
    assert minified("css", bootstrap(sheet).encode()) is None


@pytest.mark.long
def test_but_for_that_every_rule_of_its_grid_would_be_the_same(page: Page) -> None:
    text = bootstrap("bootstrap-grid").replace("flex: 1 0 0;", "flex: 1 0 0%;")

    assert len(same_in_a_browser(page, text, 0.9)) > 100
