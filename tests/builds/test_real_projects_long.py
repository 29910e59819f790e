"""Real projects, built for real with what the package registries have: those that take a while to install."""

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from builds.recipe import PythonPackages, Tool
from builds.tools.environment import Environments
from tests.builds.projects import package
from tests.builds.workbench import KeptIn, build, toolbox, write

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One toolbox for all of them, as a server has one."""
    return tmp_path_factory.mktemp("tools")


def from_pypi(name: str, folder: Path) -> Path:
    """What the source distribution of a package holds."""
    options = ("--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder))
    subprocess.run([sys.executable, "-m", "pip", "download", *options, name], check=True, timeout=300)
    return unpacked(next(folder.glob("*.tar.gz")), folder / "source")


def from_npm(name: str, folder: Path) -> Path:
    """What a package of npm holds."""
    subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, timeout=300, stdout=subprocess.DEVNULL)
    return unpacked(next(folder.glob("*.tgz")), folder / "pack")


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return next(folder.iterdir())


def test_sphinx_with_the_documentation_of_flask(tmp_path: Path, tools: Path) -> None:
    built = build(from_pypi("flask", tmp_path), tmp_path, tools)

    assert (built.detection.base, built.detection.recipe and built.detection.recipe.generator) == ("docs", "sphinx")
    assert "Welcome to Flask" in built.page()
    assert "flask.Flask.route" in built.page("api.html") or "Flask.route" in built.page("api/index.html")


def test_pelican_with_its_own_sample(tmp_path: Path, tools: Path) -> None:
    samples = from_pypi("pelican", tmp_path) / "samples"
    (samples / "pelican.conf.py").rename(samples / "pelicanconf.py")

    built = build(samples, tmp_path, tools)

    assert "This is a super article" in built.page("this-is-a-super-article.html")


def test_eleventy_with_fifty_pages(tmp_path: Path, tools: Path) -> None:
    pages = {f"posts/{number}.md": f"# Bread {number}\n\nSour *dough*.\n" for number in range(50)}
    files = {
        "package.json": package({"build": "eleventy"}, devDependencies={"@11ty/eleventy": "^3.1.0"}),
        "eleventy.config.js": "module.exports = (c) => ({ dir: { input: 'posts', output: 'html' } });",
        "posts/index.md": "# Alice bakes\n",
        **pages,
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "Alice bakes" in built.page()
    assert all("<em>dough</em>" in built.page(f"{number}/index.html") for number in range(50))


def test_vite_with_the_template_for_react(tmp_path: Path, tools: Path) -> None:
    source = from_npm("create-vite", tmp_path) / "template-react"

    built = build(source, tmp_path, tools)

    assert built.detection.why.startswith("package.json has vite → Vite")
    assert "/assets/index-" in built.page()
    assert any("Get started" in script.read_text() for script in built.output.glob("assets/*.js"))


def test_vitepress(tmp_path: Path, tools: Path) -> None:
    files = {
        "package.json": package({"docs:build": "vitepress build docs"}, devDependencies={"vitepress": "^1.6.4"}),
        "docs/.vitepress/config.mts": "export default { title: 'Alice' }",
        "docs/index.md": "# Alice bakes\n\nSour *dough*.\n",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "<em>dough</em>" in built.page()


@pytest.mark.needs("jekyll", "jekyll-theme-minima")
def test_jekyll_with_minima(tmp_path: Path, tools: Path) -> None:
    files = {
        "_config.yml": "title: Alice bakes\ntheme: minima\nbaseurl: /elsewhere\n",
        "index.md": "---\nlayout: home\n---\nSour *dough*.\n",
        "_posts/2026-01-02-rye.md": "---\nlayout: post\ntitle: Rye\n---\nA loaf.\n",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "<em>dough</em>" in built.page()
    assert "/elsewhere" not in built.page()
    assert "A loaf." in built.page("2026/01/02/rye.html")


def test_mkdocs_with_material_and_requirements(tmp_path: Path, tools: Path) -> None:
    files = {
        "requirements.txt": "mkdocs-material>=9\n",
        "mkdocs.yml": "site_name: Alice bakes\ntheme:\n  name: material\nplugins: [search, tags]\n",
        "docs/index.md": "# Rye\n\nSour *dough*.\n",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "<em>dough</em>" in built.page()
    assert "mkdocs-material" in built.page()


def test_zensical(tmp_path: Path, tools: Path) -> None:
    files = {
        "zensical.toml": '[project]\nsite_name = "Alice bakes"\nsite_url = "https://alice.example/"\n',
        "docs/index.md": "# Rye\n\nSour *dough*.\n",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "<em>dough</em>" in built.page()


def test_nikola_with_its_own_demo(tmp_path: Path, tools: Path) -> None:
    box = toolbox(tools, [])
    python = box.get(Tool("python"))
    kit = Environments(box, KeptIn(tools), "alice").get(python, PythonPackages(("nikola",)), tmp_path, tmp_path / "env")
    status, said = box.installing.ask(("nikola", "init", "--quiet", "--demo", "site"), tmp_path, kit, tmp_path)
    assert status == 0, said

    built = build(tmp_path / "site", tmp_path, tools)

    assert "Welcome to Nikola" in built.page()


def test_astro_on_node_24(tmp_path: Path, tools: Path) -> None:
    files = {
        ".nvmrc": "24\n",
        "package.json": package({"build": "astro build"}, type="module", dependencies={"astro": "^6.0.5"}),
        "astro.config.mjs": "export default { outDir: './html' };",
        "src/pages/index.astro": "---\nconst name = 'Alice';\n---\n<html><body><h1>{name} bakes</h1></body></html>",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "Alice bakes" in built.page()
    assert "Node.js 24" in " ".join(built.log)


def test_next_exported(tmp_path: Path, tools: Path) -> None:
    files = {
        "package.json": package(
            {"build": "next build"}, dependencies={"next": "^16", "react": "^19", "react-dom": "^19"}
        ),
        "next.config.mjs": "export default { output: 'export' }",
        "app/layout.jsx": "export default ({ children }) => <html><body>{children}</body></html>",
        "app/page.jsx": "export default () => <h1>Alice bakes</h1>",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "Alice bakes" in built.page()


def test_sveltekit_prerendered(tmp_path: Path, tools: Path) -> None:
    versions = {"@sveltejs/kit": "^2", "@sveltejs/adapter-static": "^3", "svelte": "^5", "vite": "^7"}
    versions["@sveltejs/vite-plugin-svelte"] = "^6"
    files = {
        "package.json": package({"build": "vite build"}, type="module", devDependencies=versions),
        "svelte.config.js": "import a from '@sveltejs/adapter-static'; export default { kit: { adapter: a() } };",
        "vite.config.js": "import { sveltekit } from '@sveltejs/kit/vite';\nexport default { plugins: [sveltekit()] };",
        "src/app.html": "<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>",
        "src/routes/+layout.js": "export const prerender = true;",
        "src/routes/+page.svelte": "<h1>Alice bakes</h1>",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "Alice bakes" in built.page()


def test_hexo(tmp_path: Path, tools: Path) -> None:
    versions = dict.fromkeys(("hexo-generator-index", "hexo-renderer-ejs", "hexo-renderer-marked"), "*")
    files = {
        "package.json": package(
            {"build": "hexo generate"}, dependencies={"hexo": "^8", **versions}, hexo={"version": ""}
        ),
        "_config.yml": "title: Alice bakes\ntheme: plain\npublic_dir: html\n",
        "source/_posts/rye.md": "---\ntitle: Rye\n---\nSour *dough*.\n",
        "themes/plain/layout/index.ejs": "<h1>Bread</h1><% page.posts.each(p => { %><%- p.content %><% }) %>",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "<em>dough</em>" in built.page()


def test_gatsby(tmp_path: Path, tools: Path) -> None:
    versions = {"gatsby": "^5.16", "react": "^18", "react-dom": "^18"}
    files = {
        "package.json": package({"build": "gatsby build"}, dependencies=versions),
        "gatsby-config.js": "module.exports = {}",
        "src/pages/index.js": "import * as React from 'react'\nexport default () => <h1>Alice bakes</h1>",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "Alice bakes" in built.page()


def test_docusaurus_classic(tmp_path: Path, tools: Path) -> None:
    templates = from_npm("create-docusaurus", tmp_path) / "templates"
    shutil.copytree(templates / "shared", tmp_path / "source")
    shutil.copytree(templates / "classic", tmp_path / "source", dirs_exist_ok=True)

    built = build(tmp_path / "source", tmp_path, tools)

    assert "Docusaurus Tutorial" in built.page()
    assert "Tutorial Intro" in built.page("docs/intro/index.html")


WITH_LOCK: Mapping[str, str] = {
    "package.json": package({"build": "eleventy"}, devDependencies={"@11ty/eleventy": "^3.1.0"}),
    "eleventy.config.js": "module.exports = {};",
    "index.md": "# Alice bakes\n",
}


def test_the_second_build_with_a_lock_file_fetches_nothing(tmp_path: Path, tools: Path) -> None:
    first = write(tmp_path / "one" / "source", WITH_LOCK)
    node = toolbox(tools, []).get(Tool("node", ">=22.12"))
    subprocess.run(
        [node.path[0] / "node", node.path[0] / "npm", "install", "--package-lock-only", "--ignore-scripts"],
        cwd=first, check=True, timeout=300, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    second = write(
        tmp_path / "two" / "source", {**WITH_LOCK, "package-lock.json": (first / "package-lock.json").read_text()}
    )

    fetched = build(first, tmp_path / "one", tools)
    kept = build(second, tmp_path / "two", tools)

    assert any(line.startswith("$ npm ci") for line in fetched.log)
    assert not any(line.startswith("$ npm ci") for line in kept.log)
    assert "Alice bakes" in kept.page()


@pytest.mark.parametrize("manager", ["pnpm@10.12.1", "yarn@1.22.22", "bun@1.2.15"])
def test_another_package_manager_installs_what_its_package_json_names(
    tmp_path: Path, tools: Path, manager: str
) -> None:
    files = {
        "package.json": package(
            {"build": "eleventy"}, devDependencies={"@11ty/eleventy": "^3.1.0"}, packageManager=manager
        ),
        "eleventy.config.js": "module.exports = {};",
        "index.md": "# Alice bakes\n",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "Alice bakes" in built.page()
    assert any(line.startswith(f"$ {manager.partition('@')[0]} install") for line in built.log)
