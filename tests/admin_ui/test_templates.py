"""Rules for every template, style sheet and script that is shipped."""

import re
from pathlib import Path

import pytest

import admin_ui

ROOT = Path(admin_ui.__file__).parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def is_open(template: Path) -> bool:
    """Whether a page is shown before there is a session to bind a token to."""
    return "layouts/door.html" in text_of(template)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_no_script_or_style_stands_in_a_template(template: Path) -> None:
    html = text_of(template)

    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", html) == []


@pytest.mark.parametrize("template", [path for path in TEMPLATES if not is_open(path)], ids=name_of)
def test_every_posted_form_carries_the_token(template: Path) -> None:
    forms = re.findall(r"<form.*?</form>", text_of(template), re.DOTALL)

    without = [form for form in forms if 'method="post"' in form and "forms.csrf(" not in form and "?csrf=" not in form]
    assert without == []


@pytest.mark.parametrize("template", TEMPLATES, ids=name_of)
def test_nothing_is_let_through_unescaped(template: Path) -> None:
    assert not re.search(r"\|\s*safe|autoescape", text_of(template))


@pytest.mark.parametrize("sheet", [sheet for sheet in SHEETS if sheet.name != "tokens.css"], ids=name_of)
def test_colours_stand_in_the_tokens_only(sheet: Path) -> None:
    assert (
        re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(|:\s*(?:white|black|red|blue)\b", text_of(sheet)) == []
    )


@pytest.mark.parametrize("sheet", SHEETS, ids=name_of)
def test_lengths_follow_the_direction_of_writing(sheet: Path) -> None:
    side = "(?:left|right|top|bottom)"
    physical = (
        rf"(?<![-\w])(?:(?:[a-z]+-)*{side}(?:-[a-z]+)*|(?:min-|max-)?(?:width|height))\s*:"
        r"|(?:text-align|float|clear|caption-side)\s*:\s*(?:left|right|top|bottom)"
    )

    assert re.findall(physical, re.sub(r"@media \([^)]*\)", "", text_of(sheet))) == []


def test_every_token_used_is_defined() -> None:
    everything = "".join(text_of(sheet) for sheet in SHEETS)
    defined = set(re.findall(r"(--[\w-]+)\s*:", everything))

    used_without_fallback = set(re.findall(r"var\((--[\w-]+)\)", everything))

    assert used_without_fallback - defined == set()


def test_every_class_has_a_rule_or_a_use() -> None:
    styled = set(re.findall(r"\.([a-z][\w-]*)", "".join(text_of(sheet) for sheet in SHEETS)))
    markup = "".join(text_of(path) for path in [*TEMPLATES, *SCRIPTS])
    written = {name for names in re.findall(r'class(?:="|: ")([\w -]+)"', markup) for name in names.split()}

    assert written - styled == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=name_of)
def test_scripts_load_only_their_neighbours(script: Path) -> None:
    source = text_of(script)

    assert all(name.startswith("./") for name in re.findall(r'from "([^"]+)"', source))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function|https?://", source)
