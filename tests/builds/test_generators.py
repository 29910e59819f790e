"""What each generator reads from a project's configuration: output, versions, packages, address, notes."""

import json
from collections.abc import Mapping

import pytest

from builds.detect import detect
from builds.recipe import Choice, Recipe, Step, Tool
from tests.builds.projects import PROJECTS, Files, Written, npm, package


def planned(files: Files, choice: Choice | None = None) -> Recipe:
    detection = detect(Written(files), choice or Choice())
    assert detection.recipe is not None, detection.why
    return detection.recipe


def changed(name: str, **files: str) -> dict[str, str | bytes]:
    return {**PROJECTS[name], **{path.replace("__", "/"): text for path, text in files.items()}}


def with_file(name: str, path: str, text: str) -> dict[str, str | bytes]:
    return {**PROJECTS[name], path: text}


CONFIGURED: Mapping[str, tuple[Files, str]] = {
    "hugo, in TOML": (with_file("hugo", "hugo.toml", 'publishDir = "html"'), "html"),
    "hugo, in any case": (with_file("hugo", "hugo.toml", 'publishdir = "html"'), "html"),
    "hugo, in YAML": ({"hugo.yaml": "publishDir: html", "content/a.md": ""}, "html"),
    "jekyll": (with_file("jekyll", "_config.yml", "destination: ./html\n"), "html"),
    "eleventy, by an object": (
        with_file("eleventy", ".eleventy.js", "module.exports = c => ({ dir: { output: 'www' } })"),
        "www",
    ),
    "eleventy, by a call": (
        with_file("eleventy", ".eleventy.js", 'module.exports = c => { c.setOutputDirectory("www"); }'),
        "www",
    ),
    "eleventy, in a comment": (
        with_file("eleventy", ".eleventy.js", "module.exports = { dir: { /* output: 'no' */ } }"),
        "_site",
    ),
    "astro": (with_file("astro", "astro.config.mjs", "export default defineConfig({ outDir: './html' })"), "html"),
    "vite": (with_file("vite", "vite.config.ts", "export default defineConfig({ build: { outDir: 'html' } })"), "html"),
    "vite, not a plugin's": (
        with_file("vite", "vite.config.ts", "export default { plugins: [x({ outDir: 'no' })] }"),
        "dist",
    ),
    "vite, out of the root": (
        {
            **with_file("vite", "vite.config.ts", "export default { root: 'web', build: { outDir: '../html' } }"),
            "web/index.html": "",
        },
        "html",
    ),
    "vitepress": (with_file("vitepress", "docs/.vitepress/config.mts", "export default { outDir: '../html' }"), "html"),
    "docusaurus": (
        with_file("docusaurus", "package.json", npm("@docusaurus/core", "docusaurus build --out-dir html")),
        "html",
    ),
    "nextjs": (with_file("nextjs", "next.config.mjs", "export default { output: 'export', distDir: 'html' }"), "html"),
    "sveltekit": (
        with_file("sveltekit", "svelte.config.js", "export default { kit: { adapter: adapter({ pages: 'html' }) } }"),
        "html",
    ),
    "hexo": (with_file("hexo", "_config.yml", "public_dir: html\n"), "html"),
    "mkdocs": (with_file("mkdocs", "mkdocs.yml", "site_name: x\nsite_dir: html\n"), "html"),
    "mkdocs, with tags of Python": (
        with_file("mkdocs", "mkdocs.yml", "site_dir: html\nx: !!python/name:os.system\ny: !ENV [A, b]\n"),
        "html",
    ),
    "zensical": (with_file("zensical", "zensical.toml", '[project]\nsite_dir = "html"\n'), "html"),
    "pelican": (with_file("pelican", "publishconf.py", "OUTPUT_PATH = 'html/'\n"), "html"),
    "nikola": (
        with_file("nikola", "conf.py", "BLOG_TITLE = 'x'\nPOSTS = ()\nOUTPUT_FOLDER = 'html'  # there\n"),
        "html",
    ),
    "mdbook": (with_file("mdbook", "book.toml", '[build]\nbuild-dir = "html"\n'), "html"),
    "mdbook, with two renderers": (with_file("mdbook", "book.toml", "[output.html]\n[output.epub]\n"), "book/html"),
    "zola": (with_file("zola", "config.toml", 'base_url = "/"\noutput_dir = "html"\n'), "html"),
    "netlify.toml": (with_file("vite", "netlify.toml", '[build]\npublish = "html"\n'), "html"),
    "netlify.toml, with Next.js's own folder": (
        with_file("nextjs", "netlify.toml", '[build]\npublish = ".next"\n'),
        "out",
    ),
    "netlify.toml, with a folder of an export": (
        {
            **with_file("nextjs", "netlify.toml", '[build]\npublish = ".next"\n'),
            "next.config.mjs": "export default { output: 'export', distDir: '.next' }",
        },
        ".next",
    ),
    "a folder that leads out": (with_file("hugo", "hugo.toml", 'publishDir = "../../etc"'), "public"),
}


@pytest.mark.parametrize("case", CONFIGURED)
def test_the_output_folder_is_read_from_the_configuration(case: str) -> None:
    files, output = CONFIGURED[case]

    assert planned(files).output[0] == output


NODE: Mapping[str, tuple[Files, Tool]] = {
    "nothing said": ({}, Tool("node", ">=22.12")),
    ".nvmrc": ({".nvmrc": "v20.11.1\n"}, Tool("node", "v20.11.1", ".nvmrc")),
    ".nvmrc with a code name": ({".nvmrc": "lts/iron"}, Tool("node", "20", ".nvmrc")),
    ".nvmrc with a word": ({".nvmrc": "lts/*"}, Tool("node", ">=22.12")),
    ".node-version": ({".node-version": "22"}, Tool("node", "22", ".node-version")),
    "engines": (
        {"package.json": npm("astro", "astro build", engines={"node": ">=20 <23"})},
        Tool("node", ">=20 <23", "package.json"),
    ),
    "volta": (
        {"package.json": npm("astro", "astro build", volta={"node": "24.1.0"})},
        Tool("node", "24.1.0", "package.json"),
    ),
    "netlify.toml": ({"netlify.toml": '[build.environment]\nNODE_VERSION = "18"'}, Tool("node", "18", "netlify.toml")),
}


@pytest.mark.parametrize("case", NODE)
def test_the_version_of_node_is_the_projects(case: str) -> None:
    more, tool = NODE[case]

    assert planned({**PROJECTS["astro"], **more}).tools == (tool,)


@pytest.mark.parametrize(
    ("word", "notes"),
    [
        ("lts/potato", (".nvmrc asks for Node.js “lts/potato”, which is no version: it is not obeyed.",)),
        *((word, ()) for word in ("lts/*", "node", "stable", "latest", "20", "lts/iron", "")),
    ],
)
def test_a_version_of_node_that_is_none_is_told(word: str, notes: tuple[str, ...]) -> None:
    assert planned({**PROJECTS["astro"], ".nvmrc": word}).notes == notes


def test_the_sites_settings_go_before_the_projects_version() -> None:
    recipe = planned({**PROJECTS["astro"], ".nvmrc": "18"}, Choice(versions={"node": "24"}))

    assert recipe.tools == (Tool("node", "24", "the site's settings"),)


@pytest.mark.parametrize(
    ("lock", "install", "run"),
    [
        ("", ("npm", "install", "--ignore-scripts"), ("npm", "run", "build")),
        ("package-lock.json", ("npm", "ci", "--ignore-scripts"), ("npm", "run", "build")),
        ("pnpm-lock.yaml", ("pnpm", "install", "--frozen-lockfile", "--ignore-scripts"), ("pnpm", "run", "build")),
        ("yarn.lock", ("yarn", "install", "--frozen-lockfile", "--ignore-scripts"), ("yarn", "run", "build")),
        ("bun.lock", ("bun", "install", "--frozen-lockfile", "--ignore-scripts"), ("bun", "run", "build")),
    ],
)
def test_the_lock_file_says_the_package_manager(lock: str, install: tuple[str, ...], run: tuple[str, ...]) -> None:
    recipe = planned({**PROJECTS["astro"], **({lock: ""} if lock else {})})

    assert recipe.fetch == (Step(install),)
    assert recipe.run == (Step(run),)
    assert recipe.lock == ((lock,) if lock else ())
    assert recipe.keeps == (("node_modules",) if lock else ())


def test_the_package_manager_has_the_version_that_package_json_says() -> None:
    recipe = planned(
        {**PROJECTS["astro"], "package.json": npm("astro", "astro build", packageManager="pnpm@9.1.0+sha512.ab")}
    )

    assert recipe.tools[1] == Tool("pnpm", "9.1.0", "package.json")


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": npm("astro", "astro build", packageManager="yarn@4.9.2")},
        {"yarn.lock": "", ".yarnrc.yml": "nodeLinker: pnp\n"},
    ],
)
def test_yarn_from_its_second_version_on_is_another_program(files: Files) -> None:
    recipe = planned({**PROJECTS["astro"], **files})

    assert recipe.tools[1].name == "yarn-modern"
    assert recipe.fetch[0].argv[-1] == "--mode=skip-build"
    assert recipe.keeps == ()


def test_install_scripts_run_when_allowed_and_without_the_network() -> None:
    recipe = planned(PROJECTS["astro"], Choice(install_scripts=True))

    assert recipe.fetch == (Step(("npm", "install", "--ignore-scripts")),)
    assert recipe.run == (Step(("npm", "rebuild")), Step(("npm", "run", "build")))


def test_a_member_of_a_workspace_is_installed_from_the_top() -> None:
    top = {"package.json": package(workspaces=["apps/*"]), "package-lock.json": "{}"}
    recipe = planned({**top, **{f"apps/web/{path}": text for path, text in PROJECTS["astro"].items()}})

    assert recipe.fetch[0].folder == ""
    assert recipe.run[0].folder == "apps/web"
    assert recipe.path == ("apps/web/node_modules/.bin", "node_modules/.bin")
    assert recipe.keeps == ("node_modules", "apps/web/node_modules")


def test_flags_reach_the_generator_through_npm() -> None:
    assert planned(PROJECTS["astro"], Choice(flags=("--verbose",))).run[0].argv == (
        "npm",
        "run",
        "build",
        "--",
        "--verbose",
    )


def test_a_script_that_never_ends_is_not_run() -> None:
    scripts = {"build": "npm run site", "site": "eleventy --serve", "watch": "eleventy"}
    recipe = planned(
        {"package.json": package({"s": scripts["site"]}, devDependencies={"@11ty/eleventy": "3"}), ".eleventy.js": ""}
    )

    assert recipe.run == (Step(("eleventy",)),)


def test_without_a_script_the_generator_itself_is_run() -> None:
    assert planned({"package.json": npm("vitepress"), "docs/.vitepress/config.ts": ""}).run == (
        Step(("vitepress", "build", "docs")),
    )


ADDRESSED = {
    "hugo": ("--baseURL", "https://bread.example"),
    "sphinx": ("-D", "html_baseurl=https://bread.example"),
    "zola": ("--base-url", "https://bread.example"),
    "pelican": ("--extra-settings", 'SITEURL="https://bread.example"'),
}


@pytest.mark.parametrize("name", ADDRESSED)
def test_the_sites_address_is_handed_over(name: str) -> None:
    argv = planned(PROJECTS[name], Choice(url="https://bread.example")).run[0].argv

    assert "\n".join(ADDRESSED[name]) in "\n".join(argv)


NOTED: Mapping[str, tuple[Files, str]] = {
    "astro": (with_file("astro", "astro.config.mjs", "export default { base: '/bread' }"), "sets base to /bread"),
    "docusaurus": (
        with_file("docusaurus", "docusaurus.config.ts", "export default { baseUrl: '/bread/' }"),
        "sets baseUrl",
    ),
    "a server of its own": (
        with_file("astro", "astro.config.mjs", "export default { output: 'server' }"),
        "prerendered",
    ),
    "next without export": (with_file("nextjs", "next.config.mjs", "export default {}"), 'needs output: "export"'),
    "a computed folder": (
        with_file("vite", "vite.config.ts", "export default { build: { outDir: where() } }"),
        "computes build.outDir",
    ),
    "an unknown plugin": (
        with_file("mkdocs", "mkdocs.yml", "site_name: x\nplugins:\n  - search\n  - bread\n"),
        "bread",
    ),
    "next's own folder": (with_file("nextjs", "netlify.toml", '[build]\npublish = ".next"\n'), "is taken from out/"),
    "netlify's shell": (
        with_file("vite", "netlify.toml", '[build]\ncommand = "vite build > log"\n'),
        "only a shell could run",
    ),
}


@pytest.mark.parametrize("case", NOTED)
def test_what_may_go_wrong_is_said_beforehand(case: str) -> None:
    files, said = NOTED[case]

    assert said in " ".join(planned(files).notes)


ASTRAY = {
    "mkdocs": ("mkdocs.yml", "site_name: x\nsite_dir: {}\n", "set site_dir to a folder inside, such as site."),
    "zensical": ("zensical.toml", '[project]\nsite_dir = "{}"\n', "set site_dir to a folder inside, such as site."),
    "jekyll": ("_config.yml", "title: x\ndestination: {}\n", "set destination to a folder inside, such as _site."),
}


@pytest.mark.parametrize("name", ASTRAY)
def test_an_output_outside_of_the_project_is_named_with_what_to_set(name: str) -> None:
    file, text, advice = ASTRAY[name]

    said = {path: planned(with_file(name, file, text.format(path))).astray for path in ("../x", "/srv/x", "html", ".")}

    assert said["../x"] == f"It writes to ../x, as {file} says, which is outside of the project: {advice}"
    assert "/srv/x" in said["/srv/x"]
    assert (said["html"], said["."]) == ("", "")


def test_netlify_commands_become_steps_and_what_fetches_is_left_out() -> None:
    build = '[build]\ncommand = "npm ci && npm run css && vite build"\n'
    text = f'{build}[build.environment]\nGREETING = "hello"\nPATH = "/evil"\n'
    recipe = planned(with_file("vite", "netlify.toml", text), Choice(flags=("--mode", "x")))

    assert recipe.run == (Step(("npm", "run", "css")), Step(("vite", "build", "--mode", "x")))
    assert recipe.environment["GREETING"] == "hello"
    assert "PATH" not in recipe.environment


def test_netlify_says_which_hugo() -> None:
    text = '[build.environment]\nHUGO_VERSION = "0.150.0"\n'

    assert planned(with_file("hugo", "netlify.toml", text)).tools == (Tool("hugo", "0.150.0", "netlify.toml"),)


def test_hugo_with_a_package_json_is_built_by_its_script() -> None:
    recipe = planned(with_file("hugo", "package.json", npm("postcss", "npm run css && hugo --minify")))

    assert recipe.run == (Step(("npm", "run", "build")),)
    assert [tool.name for tool in recipe.tools] == ["node", "hugo"]


PACKAGES: Mapping[str, tuple[Files, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "mkdocs with material": (PROJECTS["mkdocs"], ("mkdocs", "mkdocs-material"), (), ()),
    "mkdocs with requirements": (
        with_file("mkdocs", "requirements.txt", "mkdocs-material==9.7\n"),
        ("mkdocs",),
        ("requirements.txt",),
        (),
    ),
    "sphinx with a theme": (
        {"conf.py": "project = 'x'\nextensions = ['myst_parser']\nhtml_theme = 'furo'\n", "index.md": ""},
        ("sphinx", "myst-parser", "furo"),
        (),
        (),
    ),
    "sphinx of a package": (PROJECTS["sphinx"], ("sphinx",), (), (".",)),
    "sphinx with a group": (
        with_file(
            "sphinx",
            "pyproject.toml",
            '[project]\nname="x"\n[dependency-groups]\ndocs=["sphinx<9", {include-group="more"}]\nmore=["furo"]\n',
        ),
        ("sphinx", "sphinx<9", "furo"),
        (),
        (".",),
    ),
    "Read the Docs": (
        {
            **PROJECTS["sphinx"],
            "requirements/docs.txt": "sphinx\n",
            ".readthedocs.yaml": "python:\n  install:\n  - requirements: requirements/docs.txt\n"
            "  - method: pip\n    path: .\n    extra_requirements: [docs]\n",
        },
        ("sphinx",),
        ("requirements/docs.txt",),
        (".[docs]",),
    ),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_python_packages_are_those_the_project_names(case: str) -> None:
    files, packages, requirements, projects = PACKAGES[case]

    python = planned(files).python

    assert python is not None
    assert (python.packages, python.files, python.projects) == (packages, requirements, projects)


def test_the_version_of_a_python_generator_can_be_chosen() -> None:
    python = planned(PROJECTS["mkdocs"], Choice(versions={"mkdocs": "1.6"})).python

    assert python is not None
    assert python.packages[0] == "mkdocs>=1.6,<1.7"


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        ({".python-version": "3.12.1\n"}, Tool("python", "3.12.1", ".python-version")),
        ({"runtime.txt": "python-3.11\n"}, Tool("python", "3.11", "runtime.txt")),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.9,<4"\n'}, Tool("python", ">=3.9,<4", "pyproject.toml")),
        ({}, Tool("python")),
    ],
)
def test_the_version_of_python_is_the_projects(files: Files, tool: Tool) -> None:
    assert planned({**PROJECTS["pelican"], **files}).tools == (tool,)


def test_a_gemfile_is_obeyed_through_bundler() -> None:
    recipe = planned({**PROJECTS["jekyll"], "Gemfile.lock": ""})

    assert recipe.run[0].argv[:4] == ("bundle", "exec", "jekyll", "build")
    assert (recipe.lock, recipe.keeps) == (("Gemfile.lock",), ("vendor/bundle",))


def test_without_a_gemfile_the_machines_jekyll_is_used() -> None:
    files = {path: text for path, text in PROJECTS["jekyll"].items() if path != "Gemfile"}

    assert planned(files).tools == (Tool("jekyll"),)


def test_a_package_json_may_hold_anything() -> None:
    text = json.dumps({"scripts": [1], "dependencies": "astro", "engines": 4, "packageManager": {}, "workspaces": 7})

    assert detect(Written({"package.json": text})).recipe is None
