"""Real projects of every generator, made from what the package registries have, and what their built pages must say."""

import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from builds.recipe import PythonPackages, Tool
from builds.tools.environment import Environments
from tests.builds.projects import Files, package
from tests.builds.workbench import kept_in, toolbox, write

Make = Callable[[Path, Path], Path]
BREAD = "# Rye\n\nSour *dough*.\n"
DOUGH = "<em>dough</em>"


@dataclass(frozen=True)
class RealProject:
    """A project: `make(folder, tools)` gives the folder with its source, `pages` is path → text in the built page."""

    name: str
    make: Make
    pages: Mapping[str, str]
    base: str = ""
    needs: tuple[str, ...] = ()


def written(files: Files) -> Make:
    """A project that is these files."""
    return lambda folder, _tools: write(folder / "source", files)


def node(build: str, files: Files, dependencies: Mapping[str, str], **more: object) -> Make:
    """A project of npm that is these files."""
    return written({"package.json": package({"build": build}, dependencies=dependencies, **more), **files})


def _unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return next(folder.iterdir())


def _from_pypi(name: str, folder: Path, _tools: Path) -> Path:
    """What the source distribution of a package holds."""
    options = ("--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder))
    subprocess.run([sys.executable, "-m", "pip", "download", *options, name], check=True, timeout=300)
    return _unpacked(next(folder.glob("*.tar.gz")), folder / "source")


def _from_npm(name: str, inside: tuple[str, ...], folder: Path, _tools: Path) -> Path:
    """What a package of npm holds in these folders, one laid over the other."""
    subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, timeout=300, stdout=subprocess.DEVNULL)
    pack = _unpacked(next(folder.glob("*.tgz")), folder / "pack")
    for place in inside:
        files = {
            path.relative_to(pack / place).as_posix(): path for path in (pack / place).rglob("*") if path.is_file()
        }
        write(folder / "source", {name: path.read_bytes() for name, path in files.items()})
    return folder / "source"


def _pelican(folder: Path, tools: Path) -> Path:
    samples = _from_pypi("pelican", folder, tools) / "samples"
    (samples / "pelican.conf.py").rename(samples / "pelicanconf.py")
    return samples


def _nikola(folder: Path, tools: Path) -> Path:
    box = toolbox(tools, [])
    wanted, place = PythonPackages(("nikola",)), folder / "environment"
    kit = Environments(box, kept_in(tools), "alice").get(box.get(Tool("python")), wanted, folder, place)
    home = folder / "made"
    home.mkdir()
    status, said = box.installing.ask(("nikola", "init", "--quiet", "--demo", "site"), home, kit, home)
    assert status == 0, said
    return home / "site"


QUICK = (
    RealProject(
        "hugo",
        written(
            {
                "hugo.toml": 'baseURL = "https://elsewhere.example/"\ntitle = "Alice bakes"\npublishDir = "html"\n',
                "content/_index.md": "---\ntitle: Home\n---\nRye and **spelt**.\n",
                "content/posts/rye.md": "---\ntitle: Rye\ndate: 2026-01-02\n---\nSour *dough*.\n",
                "layouts/index.html": "<title>{{ .Site.Title }}</title>{{ .Content }}",
                "layouts/_default/single.html": "<h1>{{ .Title }}</h1>{{ .Content }}",
            }
        ),
        {"index.html": "<strong>spelt</strong>", "posts/rye/index.html": DOUGH},
    ),
    RealProject(
        "mkdocs",
        written({"docs/mkdocs.yml": "site_name: Alice bakes\n", "docs/docs/index.md": BREAD, "docs/docs/b.md": "# B"}),
        {"index.html": DOUGH},
        base="docs",
    ),
    RealProject(
        "mdbook",
        written(
            {"book.toml": '[book]\ntitle = "Alice"\n', "src/SUMMARY.md": "- [Rye](./rye.md)\n", "src/rye.md": BREAD}
        ),
        {"index.html": DOUGH},
    ),
)
LONG = (
    RealProject(
        "sphinx",
        partial(_from_pypi, "flask"),
        {"index.html": "Welcome to Flask", "api.html": "Application Object"},
        base="docs",
    ),
    RealProject("pelican", _pelican, {"this-is-a-super-article.html": "This is a super article"}),
    RealProject(
        "eleventy",
        node(
            "eleventy",
            {
                "eleventy.config.js": "module.exports = () => ({ dir: { input: 'posts', output: 'html' } });",
                "posts/index.md": "# Alice bakes\n",
                **{f"posts/{number}.md": BREAD for number in range(50)},
            },
            {"@11ty/eleventy": "^3.1.0"},
        ),
        {"index.html": "Alice bakes", **{f"{number}/index.html": DOUGH for number in range(50)}},
    ),
    RealProject("vite", partial(_from_npm, "create-vite", ("template-react",)), {"index.html": "/assets/index-"}),
    RealProject(
        "vitepress",
        written(
            {
                "package.json": package(
                    {"docs:build": "vitepress build docs"}, devDependencies={"vitepress": "^1.6.4"}
                ),
                "docs/.vitepress/config.mts": "export default { title: 'Alice' }",
                "docs/index.md": BREAD,
            }
        ),
        {"index.html": DOUGH},
    ),
    RealProject(
        "jekyll",
        written(
            {
                "_config.yml": "title: Alice bakes\ntheme: minima\nbaseurl: /elsewhere\n",
                "index.md": "---\nlayout: home\n---\nSour *dough*.\n",
                "_posts/2026-01-02-rye.md": "---\nlayout: post\ntitle: Rye\n---\nA loaf.\n",
            }
        ),
        {"index.html": DOUGH, "2026/01/02/rye.html": "/assets/main.css"},
        needs=("jekyll", "jekyll-theme-minima"),
    ),
    RealProject(
        "mkdocs",
        written(
            {
                "requirements.txt": "mkdocs-material>=9\n",
                "mkdocs.yml": "site_name: Alice bakes\ntheme:\n  name: material\nplugins: [search, tags]\n",
                "docs/index.md": BREAD,
            }
        ),
        {"index.html": "mkdocs-material"},
    ),
    RealProject(
        "zensical",
        written(
            {
                "zensical.toml": '[project]\nsite_name = "Alice bakes"\nsite_url = "https://alice.example/"\n',
                "docs/index.md": BREAD,
            }
        ),
        {"index.html": DOUGH},
    ),
    RealProject("nikola", _nikola, {"index.html": "Welcome to Nikola"}),
    RealProject(
        "astro",
        node(
            "astro build",
            {
                ".nvmrc": "24\n",
                "astro.config.mjs": "export default { outDir: './html' };",
                "src/pages/index.astro": "---\nconst n = 'Alice';\n---\n<html><body><h1>{n} bakes</h1></body></html>",
            },
            {"astro": "^6.0.5"},
            type="module",
        ),
        {"index.html": "Alice bakes"},
    ),
    RealProject(
        "nextjs",
        node(
            "next build",
            {
                "next.config.mjs": "export default { output: 'export' }",
                "app/layout.jsx": "export default ({ children }) => <html><body>{children}</body></html>",
                "app/page.jsx": "export default () => <h1>Alice bakes</h1>",
            },
            {"next": "^16", "react": "^19", "react-dom": "^19"},
        ),
        {"index.html": "Alice bakes"},
    ),
    RealProject(
        "sveltekit",
        node(
            "vite build",
            {
                "svelte.config.js": "import a from '@sveltejs/adapter-static'\nexport default {kit: {adapter: a()}}",
                "vite.config.js": "import {sveltekit as s} from '@sveltejs/kit/vite'\nexport default {plugins: [s()]}",
                "src/app.html": "<html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>",
                "src/routes/+layout.js": "export const prerender = true;",
                "src/routes/+page.svelte": "<h1>Alice bakes</h1>",
            },
            {
                "@sveltejs/kit": "^2",
                "@sveltejs/adapter-static": "^3",
                "@sveltejs/vite-plugin-svelte": "^6",
                "svelte": "^5",
                "vite": "^7",
            },
            type="module",
        ),
        {"index.html": "Alice bakes"},
    ),
    RealProject(
        "hexo",
        node(
            "hexo generate",
            {
                "_config.yml": "title: Alice bakes\ntheme: plain\npublic_dir: html\n",
                "source/_posts/rye.md": "---\ntitle: Rye\n---\nSour *dough*.\n",
                "themes/plain/layout/index.ejs": "<h1>Bread</h1><% page.posts.each(p => { %><%- p.content %><% }) %>",
            },
            {"hexo": "^8", "hexo-generator-index": "*", "hexo-renderer-ejs": "*", "hexo-renderer-marked": "*"},
            hexo={"version": ""},
        ),
        {"index.html": DOUGH},
    ),
    RealProject(
        "gatsby",
        node(
            "gatsby build",
            {
                "gatsby-config.js": "module.exports = {}",
                "src/pages/index.js": "import * as React from 'react'\nexport default () => <h1>Alice bakes</h1>",
            },
            {"gatsby": "^5.16", "react": "^18", "react-dom": "^18"},
        ),
        {"index.html": "Alice bakes"},
    ),
    RealProject(
        "docusaurus",
        partial(_from_npm, "create-docusaurus", ("templates/shared", "templates/classic")),
        {"index.html": "Docusaurus Tutorial", "docs/intro/index.html": "Tutorial Intro"},
    ),
    *(
        RealProject(
            "eleventy",
            node(
                "eleventy",
                {
                    "eleventy.config.js": "module.exports = {};",
                    "index.md": "# Alice bakes\n",
                    # Eleventy cannot be run from the archives that Yarn would leave packages in.
                    **({".yarnrc.yml": "nodeLinker: node-modules\n"} if manager.startswith("yarn@4") else {}),
                },
                {"@11ty/eleventy": "^3.1.0"},
                packageManager=manager,
            ),
            {"index.html": "Alice bakes"},
        )
        for manager in ("pnpm@10.12.1", "yarn@1.22.22", "yarn@4.9.2", "bun@1.2.15")
    ),
)
