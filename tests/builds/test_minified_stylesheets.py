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
    const computed = (name, text) => {  // `center` and 50 % of a place are one, as are `initial` and what that is
        const edge = /(left|top) (?=[\\d.c])/g;  // from which places are counted without saying so
        one.style.cssText = "";
        one.style.setProperty(name, name.startsWith("background-position") ? text.replace(edge, "") : text);
        const found = plain(getComputedStyle(one).getPropertyValue(name));
        one.style.cssText = "";
        return name.startsWith("background-position") ? found.replace(/^0%$/, "0px") : found;
    };
    const value = (style, name) => {
        const text = plain(style.getPropertyValue(name));
        if (name === "background-color" && text === "initial") return plain("rgba(0, 0, 0, 0)");
        if (name === "font-family") return text.toLowerCase();  // whose case does not matter (CSS Fonts 4, 5.1)
        if (/^(background-|flex-|border-.*-color)/.test(name) && !/var[(]/.test(text)) return computed(name, text);
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("flex: 1 0 0", "flex: 1 0"),
        ("flex-basis: 0%", "flex-basis: 0"),
        ("background: left 1px", "background: 1px left"),
    ],
)
def test_a_browser_tells_rules_apart_that_are_not_the_same(page: Page, one: str, other: str) -> None:
    assert rules(page, f"a {{ {one} }}") != rules(page, f"a {{ {other} }}")


def bootstrap(sheet: str) -> str:
    return Path(command(Package("bootstrap@5", f"bootstrap/dist/css/{sheet}.css"))[1]).read_text()


@pytest.mark.long
@pytest.mark.parametrize(
    "sheet", ["bootstrap", "bootstrap.rtl", "bootstrap-grid", "bootstrap-reboot", "bootstrap-utilities"]
)
def test_bootstrap_keeps_every_rule(page: Page, sheet: str) -> None:
    assert len(same_in_a_browser(page, bootstrap(sheet), 0.95)) > 50
