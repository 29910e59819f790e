"""Source projects as people upload them, written down as path → content."""

import json
from collections.abc import Mapping, Sequence

Files = Mapping[str, str | bytes]


class Written:
    """A tree given as a mapping; remembers what was read of it."""

    def __init__(self, files: Files) -> None:
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        self.was_read: list[str] = []

    @property
    def paths(self) -> Sequence[str]:
        return sorted(self._files)

    def read(self, path: str, limit: int) -> bytes:
        self.was_read.append(path)
        return self._files[path][:limit]


def package(scripts: Mapping[str, str] | None = None, /, **more: object) -> str:
    """A package.json with some scripts."""
    return json.dumps({"name": "a-site", "private": True, "scripts": dict(scripts or {}), **more})


def npm(dependency: str, build: str = "", **more: object) -> str:
    """A package.json with one development dependency and perhaps a build script."""
    return package({"build": build} if build else {}, devDependencies={dependency: "^1.0.0"}, **more)


PAGE = "<!doctype html><title>Alice</title><p>Alice bakes bread."

PROJECTS: Mapping[str, Files] = {
    "static": {"index.html": PAGE, "about/index.html": PAGE, "style.css": "p{}"},
    "hugo": {
        "hugo.toml": 'baseURL = "https://example.org/"',
        "content/posts/one.md": "# One",
        "layouts/index.html": "",
    },
    "jekyll": {
        "_config.yml": "title: Alice\ntheme: minima\n",
        "index.md": "---\nlayout: home\n---\n",
        "Gemfile": 'gem "jekyll"',
    },
    "eleventy": {
        "package.json": npm("@11ty/eleventy", "eleventy"),
        ".eleventy.js": "module.exports = {};",
        "index.md": "# A",
    },
    "astro": {
        "package.json": npm("astro", "astro build"),
        "astro.config.mjs": "export default defineConfig({});",
        "src/pages/index.astro": "<h1/>",
    },
    "vite": {
        "package.json": npm("vite", "tsc -b && vite build"),
        "vite.config.ts": "export default defineConfig({ plugins: [react()] })",
        "index.html": '<div id="root"></div><script type="module" src="/src/main.tsx"></script>',
        "src/main.tsx": "",
    },
    "vitepress": {
        "package.json": package({"docs:build": "vitepress build docs"}, devDependencies={"vitepress": "^1.6.0"}),
        "docs/.vitepress/config.mts": "export default {}",
        "docs/index.md": "# Docs",
    },
    "docusaurus": {
        "package.json": package(
            {"build": "docusaurus build"}, dependencies={"@docusaurus/core": "3.10.2", "react": "^19"}
        ),
        "docusaurus.config.ts": "const config: Config = { url: 'https://x.example', baseUrl: '/' };",
        "docs/intro.md": "# Intro",
    },
    "nextjs": {
        "package.json": package({"build": "next build"}, dependencies={"next": "16.4.0", "react": "19"}),
        "next.config.mjs": "export default { output: 'export' }",
        "app/page.tsx": "",
    },
    "sveltekit": {
        "package.json": package(
            {"build": "vite build"},
            devDependencies={"@sveltejs/kit": "^3", "@sveltejs/adapter-static": "^3", "vite": "^8", "svelte": "^5"},
        ),
        "svelte.config.js": "export default { kit: { adapter: adapter() } }",
        "vite.config.ts": "export default defineConfig({ plugins: [sveltekit()] })",
        "src/app.html": "%sveltekit.body%",
    },
    "gatsby": {
        "package.json": package({"build": "gatsby build"}, dependencies={"gatsby": "^5.16"}),
        "gatsby-config.js": "module.exports = {}",
        "src/pages/index.js": "",
    },
    "hexo": {
        "package.json": package({"build": "hexo generate"}, dependencies={"hexo": "^8.1.0"}),
        "_config.yml": "title: Alice\npublic_dir: public\n",
        "source/_posts/hello.md": "---\ntitle: Hello\n---\n",
    },
    "mkdocs": {"mkdocs.yml": "site_name: Alice\ntheme:\n  name: material\n", "docs/index.md": "# Hello"},
    "zensical": {"zensical.toml": '[project]\nsite_name = "Alice"\n', "docs/index.md": "# Hello"},
    "sphinx": {
        "pyproject.toml": '[project]\nname = "bread"\nversion = "1"\n',
        "docs/conf.py": 'project = "Bread"\nextensions = ["sphinx.ext.autodoc"]\nhtml_theme = "alabaster"\n',
        "docs/index.rst": "Bread\n=====\n",
        "src/bread.py": "",
    },
    "pelican": {"pelicanconf.py": "SITENAME = 'Alice'\nPATH = 'content'\n", "content/one.md": "Title: One\n\nHello"},
    "nikola": {
        "conf.py": 'BLOG_TITLE = "Alice"\nPOSTS = (("posts/*.rst", "posts", "post.tmpl"),)\nCOMPILERS = {}\n',
        "posts/1.rst": "",
    },
    "mdbook": {"book.toml": '[book]\ntitle = "Bread"\n', "src/SUMMARY.md": "# Summary"},
    "zola": {
        "config.toml": 'base_url = "https://example.org"\n',
        "content/_index.md": "+++\n+++",
        "templates/index.html": "{{ x }}",
    },
    "npm": {
        "package.json": package({"build": "webpack --mode production"}, devDependencies={"webpack": "^5"}),
        "src/index.js": "",
    },
}

OUTPUTS: Mapping[str, str] = {
    "hugo": "public",
    "jekyll": "_site",
    "eleventy": "_site",
    "astro": "dist",
    "vite": "dist",
    "vitepress": "docs/.vitepress/dist",
    "docusaurus": "build",
    "nextjs": "out",
    "sveltekit": "build",
    "gatsby": "public",
    "hexo": "public",
    "mkdocs": "site",
    "zensical": "site",
    "sphinx": "_build/html",
    "pelican": "output",
    "nikola": "output",
    "mdbook": "book",
    "zola": "public",
    "npm": "dist",
}
