"""Which netlify.toml rules a site made of a source: the one nearest to what was built, never one that was output."""

import pytest

from builds.carried import with_rules
from builds.values import StoredFile, Unpacked


def tree(*paths: str) -> Unpacked:
    """Files whose content is known by their path."""
    return Unpacked(tuple(StoredFile(path, f"sha256 of {path}", 1) for path in sorted(paths)))


@pytest.mark.parametrize(
    ("base", "paths", "nearest"),
    [
        ("", ("netlify.toml", "docs/netlify.toml"), "netlify.toml"),
        ("docs", ("netlify.toml", "docs/netlify.toml"), "docs/netlify.toml"),
        ("apps/web", ("netlify.toml", "docs/netlify.toml"), "netlify.toml"),
        ("apps/web", ("apps/netlify.toml", "apps/web/src/netlify.toml"), "apps/netlify.toml"),
    ],
)
def test_the_nearest_one_upward_rules(base: str, paths: tuple[str, ...], nearest: str) -> None:
    made = with_rules(tree("index.html", "zebra.html"), tree("hugo.toml", *paths), base)

    assert [(file.path, file.sha256) for file in made.files] == [
        ("index.html", "sha256 of index.html"),
        ("netlify.toml", f"sha256 of {nearest}"),
        ("zebra.html", "sha256 of zebra.html"),
    ]


@pytest.mark.parametrize("elsewhere", ["other/netlify.toml", "my-netlify.toml", "docs/sub/netlify.toml"])
def test_one_that_stands_elsewhere_does_not(elsewhere: str) -> None:
    site = tree("index.html")

    assert with_rules(site, tree("docs/mkdocs.yml", elsewhere), "docs") == site


def test_the_source_goes_before_the_output() -> None:
    made = with_rules(tree("index.html", "netlify.toml"), tree("site/netlify.toml"), "site")

    assert made.files[1] == StoredFile("netlify.toml", "sha256 of site/netlify.toml", 1)
