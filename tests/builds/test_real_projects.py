"""Real projects, built for real with what the package registries have: the quick ones."""

from pathlib import Path

import pytest

from builds.recipe import Choice
from tests.builds.workbench import build, write


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One toolbox for the run, as a server has one."""
    return tmp_path_factory.mktemp("tools")


HUGO = {
    "hugo.toml": 'baseURL = "https://elsewhere.example/"\ntitle = "Alice bakes"\npublishDir = "html"\n',
    "content/_index.md": "---\ntitle: Home\n---\nRye and **spelt**.\n",
    "content/posts/rye.md": "---\ntitle: Rye\ndate: 2026-01-02\n---\nSour dough.\n",
    "layouts/index.html": "<title>{{ .Site.Title }}</title>{{ .Content }}<a href='{{ .Permalink }}'>here</a>",
    "layouts/_default/single.html": "<h1>{{ .Title }}</h1>{{ .Content }}",
}


def test_hugo(tmp_path: Path, tools: Path) -> None:
    source = write(tmp_path / "source", HUGO)
    chosen = Choice(url="https://alice.example", versions={"hugo": "0.168.0"})

    built = build(source, tmp_path, tools, chosen)

    assert built.output.name == "html"
    assert "<strong>spelt</strong>" in built.page()
    assert "https://alice.example" in built.page()
    assert "Sour dough" in built.page("posts/rye/index.html")


def test_mkdocs(tmp_path: Path, tools: Path) -> None:
    files = {"mkdocs.yml": "site_name: Alice bakes\n", "docs/index.md": "# Rye\n\nSour *dough*.\n", "docs/b.md": "# B"}
    source = write(tmp_path / "docs-of-bread", {f"docs/{path}": text for path, text in files.items()})

    built = build(source, tmp_path, tools)

    assert built.detection.base == "docs"
    assert "Sour <em>dough</em>" in built.page()


def test_mdbook(tmp_path: Path, tools: Path) -> None:
    files = {
        "book.toml": '[book]\ntitle = "Alice bakes"\n',
        "src/SUMMARY.md": "# Summary\n\n- [Rye](./rye.md)\n",
        "src/rye.md": "# Rye\n\nSour *dough*.\n",
    }
    built = build(write(tmp_path / "source", files), tmp_path, tools)

    assert "Sour <em>dough</em>" in built.page()
