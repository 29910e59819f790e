"""The languages: every file says the same things, everything that is said is in them, and nothing else."""

import re
from functools import cache
from pathlib import Path

import pytest

import admin_ui
from admin_ui.languages import ENGLISH, MARKUP, Language, Text, placeholders, read, shipped
from admin_ui.told import TABLE
from tests.admin_ui import bare_words

ROOT = Path(admin_ui.__file__).parent
FILES = {file.stem: read(file) for file in sorted((ROOT / "locales").glob("*.toml"))}
OTHERS = sorted(FILES.keys() - {ENGLISH})
TAG = re.compile(r"</?(?:code|strong|em|a)(?: href=\"(?:/[\w/#-]*|\{\w+\})\")?>")
A_KEY = r"([a-z][\w-]*(?:\.[\w-]+)+)"
STARTED = {"f": r"[\"']([a-z][\w.-]*\.)\{", "jinja": r"[\"']([a-z][\w.-]*\.)[\"'] ~"}  # keys that end in a value

FOR_MAKERS = frozenset(
    {
        "templates/pages/components.html",  # operators who work on the look read it
        "screens/components.py",
        "context/components.py",
        "desktop/clipboard.py",  # what Qt calls things
        "desktop/markup.py",  # pages with places for words: tests/desktop looks at both languages
        "look/themes.py",  # what is wrong with a theme, in the terminal and the log
    }
)

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCREENS = sorted(ROOT.rglob("*.py"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))

NOT_YET = frozenset[str]()  # files whose words are still to go to the languages


def forms(text: Text) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def source(*paths: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


@cache
def said_keys() -> frozenset[str]:
    """Keys that the code names, whole."""
    keys = set(re.findall(rf"[\"']{A_KEY}[\"']", source(*TEMPLATES, *SCREENS)))
    return frozenset(keys | {f"scripts.{key}" for key in re.findall(r"\bsay\(\s*\"([\w.-]+)\"", source(*SCRIPTS))})


@cache
def started_keys() -> frozenset[str]:
    """Beginnings of keys whose end is a value."""
    found = re.findall(STARTED["f"], source(*SCREENS)) + re.findall(STARTED["jinja"], source(*TEMPLATES))
    in_scripts = re.findall(r"\bsay\(\s*`([\w.-]+\.)\$\{", source(*SCRIPTS))
    return frozenset({*found, *(f"scripts.{key}" for key in in_scripts)})


@pytest.mark.parametrize("tag", OTHERS)
def test_no_language_lacks_a_text_or_has_one_more(tag: str) -> None:
    assert FILES[tag].keys() ^ FILES[ENGLISH].keys() == set()


@pytest.mark.parametrize("tag", OTHERS)
def test_texts_have_the_same_places_for_values_in_every_language(tag: str) -> None:
    other = {
        key: form
        for key, text in FILES[tag].items()
        for form in forms(text)
        if placeholders(form) - {"count"} != placeholders(forms(FILES[ENGLISH][key])[-1]) - {"count"}
    }

    assert other == {}


@pytest.mark.parametrize("tag", FILES)
def test_texts_that_count_have_every_form_of_their_language(tag: str) -> None:
    language = shipped().all[tag]
    needed = {*language.locale.plural_form.tags, "other"}

    assert {key for key, text in FILES[tag].items() if not isinstance(text, str) and text.keys() != needed} == set()
    assert {key for key, text in FILES[tag].items() if isinstance(text, str) and "{count}" in text} == set()


@pytest.mark.parametrize("tag", OTHERS)
def test_what_counts_in_english_counts_in_every_language(tag: str) -> None:
    counting = {key for key, text in FILES[ENGLISH].items() if not isinstance(text, str)}

    assert {key for key, text in FILES[tag].items() if not isinstance(text, str)} == counting


@pytest.mark.parametrize("tag", FILES)
def test_markup_stands_where_it_is_looked_for_and_is_harmless(tag: str) -> None:
    for key, text in FILES[tag].items():
        for form in forms(text):
            bare = TAG.sub("", form) if key.endswith(MARKUP) else form
            if key.startswith(TABLE):
                continue  # sentences of the server, which are escaped whole
            assert not re.search(r"[<>]|&\w+;", bare), key
            assert sorted(TAG.findall(form)) == sorted(TAG.findall(forms(FILES[ENGLISH][key])[-1])), key


def test_every_text_that_is_said_is_there() -> None:
    tables = {key.partition(".")[0] for key in FILES[ENGLISH]}
    keys = {
        key for key in said_keys() if key.partition(".")[0] in tables and not key.endswith((".html", ".js", ".jsonl"))
    }

    assert {key for key in keys if key not in FILES[ENGLISH]} == set()
    assert {start for start in started_keys() if not any(key.startswith(start) for key in FILES[ENGLISH])} == set()


def test_every_text_that_is_there_is_said() -> None:
    used = said_keys()
    started = tuple(started_keys())

    assert [key for key in FILES[ENGLISH] if key not in used and not key.startswith(started)] == []


@pytest.mark.parametrize(
    "path", [path for path in (*TEMPLATES, *SCREENS, *SCRIPTS) if name_of(path) not in FOR_MAKERS], ids=name_of
)
def test_no_words_stand_outside_the_languages(path: Path) -> None:
    look = {".html": bare_words.template, ".py": bare_words.python, ".js": bare_words.script}[path.suffix]
    found = look(path)

    if name_of(path) in NOT_YET:
        assert found, f"{name_of(path)} is done: take it from the list"
    else:
        assert found == []


def test_bare_words_are_found_where_people_would_read_them() -> None:
    html = (
        '<p title="Tip">{{ x }}<br>{% if a == "Old" %}Hello{% endif %}</p>{{ field("a", "Your name") }}<code>ls</code>'
    )

    assert bare_words.in_template(html) == ["Tip", "Hello", "Your name"]
    assert bare_words.in_template('<b class="Big">{{ t("a.b") }} · Dropdock</b>') == []
    assert bare_words.in_python('"""Doc."""\nX = "Some words"\nraise E("Not this one")') == ["Some words"]
    assert bare_words.in_script('// Not this\nsay("a.b"); make("p", `Hello ${name} there`, { class: "a b-c" });') == [
        f"Hello {bare_words.GAP} there"
    ]


def german() -> Language:
    return shipped().all["de"]
