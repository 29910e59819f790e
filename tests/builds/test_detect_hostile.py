"""Detection never raises for what is in a tree, and its cost grows with the tree and no faster."""

import json
import time
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builds.detect import MARKERS, detect
from builds.projects import javascript, parsing
from builds.projects.project import MOST_JSON, MOST_READ
from builds.recipe import AUTO, Choice
from builds.versions import fits, spans
from tests.builds.projects import PAGE, PROJECTS, Files, Written, npm

HOSTILE: Mapping[str, Files] = {
    "a huge package.json": {"package.json": npm("astro", "astro build") + " " * MOST_JSON},
    "JSON that ends early": {"package.json": '{"dependencies": {"astro"'},
    "JSON nested without end": {"package.json": "[" * 200_000},
    "JSON with a number without end": {"package.json": '{"a": ' + "9" * 100_000 + "}"},
    "TOML that is none": {"hugo.toml": "= = =", "book.toml": "[[[", "netlify.toml": '[build]\ncommand = "'},
    "TOML nested without end": {"book.toml": "x = " + "[" * 100_000},
    "TOML with an endless key": {"book.toml": "a" + ".a" * 100_000 + " = 1"},
    "YAML nested without end": {"mkdocs.yml": "[" * 100_000, "_config.yml": "- " * 100_000},
    "YAML that multiplies": {
        "mkdocs.yml": "a0: &a0 {x: y}\n"
        + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 60))
    },
    "YAML that runs code": {"mkdocs.yml": "site_dir: !!python/object/apply:os.system ['false']\n"},
    "bytes that are no text": {"package.json": b"\xff\xfe\x00{", "conf.py": b"\x00" * 1000, "mkdocs.yml": b"\x80\x81"},
    "names with a newline": {
        "a\nb/mkdocs.yml": "site_name: x",
        "\n": "",
        "c\n/package.json": npm("astro", "astro build"),
    },
    "a deep tree": {"/".join(["a"] * 500) + "/mkdocs.yml": "", "/".join(["b"] * 60) + "/hugo.toml": ""},
    "a great many projects": {f"docs{number}/mkdocs.yml": "site_name: x" for number in range(3000)},
    "markers in odd places": {"node_modules/mkdocs.yml": "", "vendor/hugo.toml": "", "x/hugo.toml/index.html": PAGE},
    "a conf.py of brackets": {"conf.py": "project = " + "(" * 100_000, "index.rst": ""},
    "a script without end": {"package.json": npm("astro", "astro build " * 50_000)},
    "brackets of JavaScript": {
        "package.json": npm("vite", "vite build"),
        "vite.config.js": "({[" * 60_000,
        "index.html": "",
    },
}


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_in_a_tree_makes_it_raise(case: str) -> None:
    detection = detect(Written(HOSTILE[case]))

    assert detection.why.isprintable()
    assert len(detection.why) < 3000


def test_no_more_of_a_file_is_read_than_a_configuration_has() -> None:
    recipe = detect(Written({**PROJECTS["mkdocs"], "mkdocs.yml": f"site_dir: html\nx: {'a' * MOST_READ}\n"})).recipe

    assert recipe is not None
    assert recipe.output == ("site",)


def test_a_huge_package_json_is_no_sign() -> None:
    assert detect(Written(HOSTILE["a huge package.json"])).recipe is None


def test_names_are_shown_without_what_acts_on_a_terminal() -> None:
    detection = detect(Written({"a\x1b[2Jb/mkdocs.yml": "site_name: x"}))

    assert "\x1b" not in detection.why


names = st.sampled_from(
    [*MARKERS, "index.html", "index.md", "index.rst", "requirements.txt", "pyproject.toml", "netlify.toml"]
)
folders = st.sampled_from(
    ["", "docs/", "apps/web/", "node_modules/", "dist/", "content/", ".vitepress/", "a\nb/", "config/_default/"]
)
contents = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300),
    st.sampled_from([str(text) for files in PROJECTS.values() for text in files.values()]),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=9)
        | st.sampled_from(["astro", "build", "vite build"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["scripts", "build", "dependencies", "astro", "vite", "dir", "output", "theme"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ).map(json.dumps),
)
trees = st.dictionaries(st.builds(str.__add__, folders, names), contents, max_size=8)
choices = st.builds(
    Choice,
    generator=st.sampled_from([AUTO, *PROJECTS]),
    base=st.sampled_from([None, ""]),
    versions=st.dictionaries(st.sampled_from(["node", "python", "hugo", "mkdocs"]), st.text(max_size=12)),
    flags=st.lists(st.text(max_size=8), max_size=2).map(tuple),
    url=st.sampled_from(["", "https://bread.example"]),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, choices)
def test_any_tree_is_answered(files: Files, choice: Choice) -> None:
    detection = detect(Written(files), choice)

    assert detection.why
    assert (detection.recipe is None) or not detection.candidates


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="{}[]()'\"`/\\*:,;=a \n", max_size=200))
def test_any_text_is_read(text: str) -> None:
    javascript.settings(text)
    parsing.yaml_mapping(text)
    parsing.toml(text)
    parsing.json_object(text)
    parsing.python_names(text)
    parsing.requirement_names(text)
    parsing.gems(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789.x*^~<>=! |-,v", max_size=30))
def test_any_range_is_read(text: str) -> None:
    assert isinstance(fits("22.1.0", text), bool)
    assert all(span.low < span.high for span in spans(text))


READERS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "strings that do not end": (javascript.settings, "'\"`"),
    "regular expressions that do not end": (javascript.settings, "(/["),
    "classes in regular expressions": (javascript.settings, "=/[a]"),
    "comments": (javascript.settings, "/*/"),
    "keys": (javascript.settings, "a:{"),
    "templates": (javascript.settings, "`${a}"),
    "escapes": (javascript.settings, '"\\'),
    "assignments": (parsing.python_names, "a=b=c:"),
    "annotations": (parsing.python_names, "a:" * 30 + "\n"),
    "flow of YAML": (parsing.yaml_mapping, "{a: "),
    "anchors of YAML": (parsing.yaml_mapping, "a: &a [*a]\n"),
    "gems": (parsing.gems, "gem "),
    "requirements": (parsing.requirement_names, "a-b.c_"),
}


TRIES = 3  # of which the quickest counts: the others were held up


@pytest.mark.parametrize("case", READERS)
def test_reading_costs_no_more_than_the_length(case: str) -> None:
    read, unit = READERS[case]
    short, long = unit * (16_384 // len(unit)), unit * (262_144 // len(unit))

    assert takes_less_than(most_for_sixteen_times(read, short), read, long)


def test_detection_costs_no_more_than_the_number_of_files() -> None:
    def tree(count: int) -> Written:
        return Written({f"folder{number % 97}/page{number}.html": "" for number in range(count)} | {"index.html": PAGE})

    assert takes_less_than(most_for_sixteen_times(detect, tree(4_000)), detect, tree(64_000))


def most_for_sixteen_times(work: Callable[..., object], argument: object) -> float:
    """The most seconds that sixteen times as much may take; six leaves room for a busy machine, not for a square."""
    return 16 * 6 * max(0.002, min(cpu_time(work, argument) for _ in range(TRIES)))


def takes_less_than(seconds: float, work: Callable[..., object], argument: object) -> bool:
    """Whether it does once in a few tries."""
    return any(cpu_time(work, argument) < seconds for _ in range(TRIES))


def cpu_time(work: Callable[..., object], argument: object) -> float:
    """Seconds of this process, which other work on the machine does not add to."""
    began = time.process_time()
    work(argument)
    return time.process_time() - began
