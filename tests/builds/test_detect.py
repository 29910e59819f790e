"""What an upload is taken for, by tables of realistic trees; and when detection asks."""

from collections.abc import Mapping

import pytest

from builds.detect import detect
from builds.errors import BuildError
from builds.generators import GENERATORS
from builds.recipe import Choice, Detection, Recipe
from tests.builds.projects import OUTPUTS, PAGE, PROJECTS, Files, Written, npm, package

MONOREPO = {"package.json": package(workspaces=["apps/*", "packages/*"]), "package-lock.json": "{}"}


def found(files: Files, choice: Choice | None = None) -> Detection:
    return detect(Written(files), choice or Choice())


def recipe_of(files: Files, choice: Choice | None = None) -> Recipe:
    detection = found(files, choice)
    assert detection.recipe is not None, detection.why
    return detection.recipe


def below(folder: str, files: Files) -> dict[str, str | bytes]:
    return {f"{folder}/{path}": content for path, content in files.items()}


def test_every_generator_has_a_realistic_project() -> None:
    assert {generator.name for generator in GENERATORS} == PROJECTS.keys()


def test_names_are_not_given_twice() -> None:
    assert len({generator.name for generator in GENERATORS}) == len(GENERATORS)


@pytest.mark.parametrize("name", [name for name in PROJECTS if name != "static"])
def test_a_project_is_recognised(name: str) -> None:
    recipe = recipe_of(PROJECTS[name])

    assert recipe.generator == name
    assert recipe.output[0] == OUTPUTS[name]
    assert recipe.run


@pytest.mark.parametrize("name", [name for name in PROJECTS if name != "static"])
def test_a_project_beside_other_things_is_recognised(name: str) -> None:
    recipe = recipe_of({"README.md": "# Bread", "LICENSE": "MIT", **below("website", PROJECTS[name])})

    assert recipe.generator == name
    assert recipe.base == ("website/docs" if name == "sphinx" else "website")


@pytest.mark.parametrize("name", [name for name in PROJECTS if name != "static"])
def test_a_recipe_says_why(name: str) -> None:
    recipe = recipe_of(PROJECTS[name])

    assert f" → {recipe.title}; output " in recipe.why
    assert recipe.why.endswith(f"{OUTPUTS[name]}/")


def test_astro_is_explained_as_people_would() -> None:
    assert recipe_of(PROJECTS["astro"]).why == "package.json has astro → Astro; output dist/"


def test_plain_files_are_recognised_without_reading_any() -> None:
    tree = Written({**PROJECTS["static"], "docs/readme.txt": "", "deep/er/page.html": PAGE})

    detection = detect(tree)

    assert (detection.recipe, detection.is_unsure, detection.base) == (None, False, "")
    assert tree.was_read == []


PLAIN: Mapping[str, tuple[Files, str]] = {
    "a finished dist": ({"dist/index.html": PAGE, "dist/app.js": "", "src/app.ts": ""}, "dist"),
    "sources of nobody's": ({"main.c": "", "Makefile": ""}, ""),
    "pages outside dist too": ({"dist/index.html": PAGE, "other/index.html": PAGE}, ""),
    "two finished folders": ({"dist/index.html": PAGE, "out/index.html": PAGE}, ""),
    "an index beside dist": ({"index.html": PAGE, "dist/index.html": PAGE}, ""),
    "libraries with a package.json": (
        {"index.html": PAGE, "lib/chart/package.json": npm("vite", "vite build"), "lib/chart/index.html": PAGE},
        "",
    ),
    "netlify.toml that only publishes": ({"netlify.toml": '[build]\npublish = "web/"', "web/index.html": PAGE}, "web"),
    "a package.json without scripts": ({"index.html": PAGE, "package.json": package()}, ""),
    "a theme of Hugo in a folder of examples": ({"index.html": PAGE, "examples/hugo.toml": ""}, ""),
    "packages of npm": ({"index.html": PAGE, "js/node_modules/astro/package.json": npm("astro", "astro build")}, ""),
}


@pytest.mark.parametrize("case", PLAIN)
def test_what_needs_no_build_gets_none(case: str) -> None:
    files, base = PLAIN[case]

    detection = found(files)

    assert (detection.recipe, detection.candidates, detection.base) == (None, (), base)


UNSURE: Mapping[str, tuple[Files, set[tuple[str, str]]]] = {
    "a finished page and a package.json that cannot be read": (
        {"index.html": PAGE, "package.json": '{"scripts": {"build": "webpack",}}'},
        {("npm", ""), ("static", "")},
    ),
    "a finished page and a build script": (
        {"index.html": PAGE, "package.json": package({"build": "webpack"})},
        {("npm", ""), ("static", "")},
    ),
    "two generators installed, none used": (
        {"package.json": package(dependencies={"next": "1", "astro": "5"})},
        {("nextjs", ""), ("astro", "")},
    ),
    "two sites of a monorepo": (
        {**MONOREPO, **below("apps/web", PROJECTS["astro"]), **below("apps/shop", PROJECTS["nextjs"])},
        {("astro", "apps/web"), ("nextjs", "apps/shop")},
    ),
    "a finished page and documentation beside it": (
        {"index.html": PAGE, **below("docs", PROJECTS["mkdocs"])},
        {("static", ""), ("mkdocs", "docs")},
    ),
    "a project with what it was built into": (
        {**PROJECTS["astro"], "dist/index.html": PAGE},
        {("astro", ""), ("static", "dist")},
    ),
    "a library's build script and its documentation": (
        {"package.json": package({"build": "tsc"}), **below("docs", PROJECTS["mkdocs"])},
        {("npm", ""), ("mkdocs", "docs")},
    ),
    "a library built with Vite and its documentation": (
        {
            "package.json": npm("vite", "vite build"),
            **below("docs", {"package.json": npm("vitepress", "vitepress build")}),
        },
        {("vite", ""), ("vitepress", "docs")},
    ),
    "Vite installed beside a finished page": (
        {"index.html": PAGE, "package.json": npm("vite")},
        {("vite", ""), ("static", "")},
    ),
}


@pytest.mark.parametrize(
    ("text", "line"),
    [('{\n "scripts": {"build": "vite build",},\n}\n', 2), ("{\n}\n}", 3), ('{"scripts": {}', 1), ("\ufffd{", 1)],
)
def test_a_package_that_cannot_be_read_is_a_project_all_the_same(text: str, line: int) -> None:
    detection = found({"package.json": text, "src/main.js": ""})

    assert detection.recipe is not None
    assert detection.why.startswith(f"package.json is not valid JSON in line {line} → npm with a build script")


@pytest.mark.parametrize("text", ["", " \n", "[]", "null", '{"name": "a"}'])
def test_a_package_that_says_nothing_is_no_project(text: str) -> None:
    assert found({"package.json": text, "src/main.js": ""}).recipe is None


@pytest.mark.parametrize("case", UNSURE)
def test_when_unsure_it_asks(case: str) -> None:
    files, candidates = UNSURE[case]

    detection = found(files)

    assert detection.is_unsure
    assert {(one.generator, one.base) for one in detection.candidates} == candidates
    assert detection.recipe is None
    assert detection.why.endswith("which is it?")
    assert all(one.why for one in detection.candidates)


@pytest.mark.parametrize("case", UNSURE)
def test_each_answer_to_a_question_settles_it(case: str) -> None:
    files, candidates = UNSURE[case]

    for generator, base in candidates:
        detection = found(files, Choice(generator=generator, base=base))
        assert not detection.is_unsure
        assert detection.base == base
        assert (detection.recipe.generator if detection.recipe else "static") == generator


SURE: Mapping[str, tuple[Files, str, str]] = {
    "a workspace's only site": ({**MONOREPO, **below("apps/web", PROJECTS["astro"])}, "astro", "apps/web"),
    "a workspace with a build script of its own": (
        {
            "package.json": package({"build": "turbo build"}, workspaces=["apps/*"]),
            **below("apps/web", PROJECTS["vite"]),
        },
        "vite",
        "apps/web",
    ),
    "a library of Python with documentation": (
        {"setup.py": "", "bread/a.py": "", "docs/conf.py": "project = 'x'\nextensions = []", "docs/index.md": ""},
        "sphinx",
        "docs",
    ),
    "Sphinx with source and build apart": (
        {"docs/source/conf.py": "project = 'x'\nextensions = []", "docs/source/index.rst": "", "docs/Makefile": ""},
        "sphinx",
        "docs/source",
    ),
    "the top before what is in it": ({**PROJECTS["hugo"], **below("docs", PROJECTS["mkdocs"])}, "hugo", ""),
    "Hugo with its configuration split": ({"config/_default/hugo.toml": "", "content/_index.md": ""}, "hugo", ""),
    "Hugo's former configuration": ({"config.toml": 'baseurl = "/"', "content/_index.md": ""}, "hugo", ""),
    "a theme that brings a site of its own": (
        {**PROJECTS["hugo"], "themes/a/exampleSite/hugo.toml": "", "themes/a/package.json": npm("vite", "vite build")},
        "hugo",
        "",
    ),
    "Jekyll with a page that looks finished": (
        {"_config.yml": "title: x", "_layouts/default.html": "", "index.html": PAGE},
        "jekyll",
        "",
    ),
    "Zensical with MkDocs' configuration": (
        {"mkdocs.yml": "site_name: x", "requirements.txt": "zensical==0.1.2\n", "docs/index.md": ""},
        "zensical",
        "",
    ),
    "Eleventy that bundles with Vite": (
        {"package.json": package({"build": "eleventy"}, devDependencies={"@11ty/eleventy": "3", "vite": "8"})},
        "eleventy",
        "",
    ),
    "a tool of the tests beside the generator": (
        {"package.json": package({"build": "astro build"}, devDependencies={"astro": "6", "vite": "8", "vitest": "3"})},
        "astro",
        "",
    ),
    "which of two the build script calls": (
        {"package.json": package({"build": "next build"}, dependencies={"next": "16", "astro": "6"})},
        "nextjs",
        "",
    ),
    "netlify.toml's base": (
        {"netlify.toml": '[build]\nbase = "two"', **below("one", PROJECTS["hugo"]), **below("two", PROJECTS["mkdocs"])},
        "mkdocs",
        "two",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SURE)
def test_the_likelier_reading_is_taken(case: str) -> None:
    files, generator, base = SURE[case]

    recipe = recipe_of(files)

    assert (recipe.generator, recipe.base) == (generator, base)


def test_a_choice_goes_before_what_is_seen() -> None:
    chosen = Choice(
        generator="mkdocs",
        base="docs",
        command=("make", "html"),
        output="out",
        flags=("--strict",),
        versions={"python": "3.12"},
    )
    recipe = recipe_of({**PROJECTS["hugo"], **below("docs", PROJECTS["mkdocs"])}, chosen)

    assert (recipe.generator, recipe.base, recipe.output) == ("mkdocs", "docs", ("out",))
    assert recipe.run[0].argv == ("make", "html", "--strict")
    assert recipe.tools[0].version == "3.12"
    assert (
        recipe.why == "docs/mkdocs.yml is here → MkDocs with Material; output docs/out/, as the site's settings say so"
    )


def test_plain_files_can_be_chosen() -> None:
    detection = found(PROJECTS["astro"], Choice(generator="static"))

    assert (detection.recipe, detection.candidates) == (None, ())


def test_a_generator_can_be_chosen_that_nothing_points_to() -> None:
    assert recipe_of({"pages/one.md": ""}, Choice(generator="hugo")).run[0].argv[0] == "hugo"


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        (Choice(generator="frontpage"), "unknown_generator"),
        (Choice(base="nowhere"), "no_base"),
        (Choice(base="../etc"), "bad_folder"),
        (Choice(generator="hugo", output="/var/www"), "bad_folder"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(choice: Choice, code: str) -> None:
    with pytest.raises(BuildError) as refused:
        found(PROJECTS["hugo"], choice)

    assert refused.value.code == code
