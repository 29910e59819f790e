"""What of a folder is a site."""

import os
import sys
from pathlib import Path

import pytest

from appliance.cli.output import Failure
from appliance.cli.tree import walk


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def names(root: Path) -> list[str]:
    return [leaf.name for leaf in walk(root).files]


def test_files_come_sorted_by_their_whole_path(tmp_path: Path) -> None:
    put(tmp_path, "b/x.html", "b.html", "a/z.html", "index.html", "b-c/y.html")

    assert names(tmp_path) == ["a/z.html", "b-c/y.html", "b.html", "b/x.html", "index.html"]


def test_junk_is_left_out_and_told(tmp_path: Path) -> None:
    put(tmp_path, "index.html", ".git/config", "node_modules/a.js", ".env", "sub/.DS_Store", "__MACOSX/x", "Thumbs.db")

    tree = walk(tmp_path)

    assert [leaf.name for leaf in tree.files] == ["index.html"]
    [problem] = tree.left_out
    assert (problem["code"], problem["path"], problem["line"], problem["count"]) == ("left_out", ".env", None, 6)
    assert problem["message"] == "Left out (no part of a site): .env, .git, Thumbs.db and 3 more."


def test_well_known_and_a_deeper_node_modules_are_part_of_the_site(tmp_path: Path) -> None:
    put(tmp_path, ".well-known/security.txt", "docs/node_modules/a.js")

    assert names(tmp_path) == [".well-known/security.txt", "docs/node_modules/a.js"]
    assert walk(tmp_path).left_out == ()


def test_links_that_stay_inside_are_followed(tmp_path: Path) -> None:
    put(tmp_path, "v2/index.html")
    (tmp_path / "latest").symlink_to("v2")
    (tmp_path / "home.html").symlink_to("v2/index.html")

    assert names(tmp_path) == ["home.html", "latest/index.html", "v2/index.html"]


def test_links_that_lead_out_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "site/index.html", "secret/key")
    (tmp_path / "site/up").symlink_to("../secret")
    (tmp_path / "site/key").symlink_to(tmp_path / "secret/key")
    (tmp_path / "site/siteless").symlink_to(tmp_path / "site-not")

    tree = walk(tmp_path / "site")

    assert [leaf.name for leaf in tree.files] == ["index.html"]
    assert [problem["message"] for problem in tree.left_out] == [
        "Left out (links that lead out of the folder): key, up.",
        "Left out (links that lead nowhere): siteless.",
    ]


def test_a_folder_named_like_the_root_is_not_inside_it(tmp_path: Path) -> None:
    put(tmp_path, "site/index.html", "site-old/index.html")
    (tmp_path / "site/old").symlink_to("../site-old")

    assert names(tmp_path / "site") == ["index.html"]


def test_links_that_run_in_a_circle_end(tmp_path: Path) -> None:
    put(tmp_path, "a/x.html", "b/y.html")
    (tmp_path / "a/self").symlink_to(".")
    (tmp_path / "a/b").symlink_to("../b")
    (tmp_path / "b/a").symlink_to("../a")
    (tmp_path / "loop").symlink_to("loop")

    tree = walk(tmp_path)

    assert [leaf.name for leaf in tree.files] == ["a/b/y.html", "a/x.html", "b/a/x.html", "b/y.html"]
    assert {problem["message"].split(":")[0] for problem in tree.left_out} == {
        "Left out (links to a folder they are in)",
        "Left out (links that lead nowhere)",
    }


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    put(tmp_path, "real/index.html")
    (tmp_path / "link").symlink_to("real")

    assert names(tmp_path / "link") == ["index.html"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_what_is_neither_file_nor_folder_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "index.html")
    os.mkfifo(tmp_path / "pipe")

    [problem] = walk(tmp_path).left_out

    assert problem["message"] == "Left out (neither files nor folders): pipe."


@pytest.mark.skipif(sys.platform != "linux", reason="other systems only make names that are valid Unicode")
def test_a_name_that_is_no_utf8_is_an_error_that_shows_it(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.html")).write_text("x")

    with pytest.raises(Failure, match=r"The name of caf.\.html is not valid UTF-8"):
        walk(tmp_path)


def test_a_folder_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="gone cannot be read"):
        walk(tmp_path / "gone")


def test_a_file_that_vanishes_is_an_error_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "index.html")
    listed = os.scandir

    def scan(folder: Path) -> list["os.DirEntry[str]"]:
        entries = list(listed(folder))
        (tmp_path / "index.html").unlink()
        return entries

    monkeypatch.setattr(os, "scandir", scan)

    with pytest.raises(Failure, match=r"index\.html cannot be read"):
        walk(tmp_path)


def test_rules_for_apache_are_left_out_by_name_and_said_to_have_no_effect(tmp_path: Path) -> None:
    put(tmp_path, "index.html", ".env", ".env.production", ".eslintrc", ".htaccess", "blog/.htaccess")

    junk, rules = walk(tmp_path).left_out

    assert (rules["code"], rules["path"], rules["count"]) == ("left_out", ".htaccess", 2)
    assert "no effect here" in rules["message"]
    assert rules["message"].endswith(": .htaccess, blog/.htaccess.")
    assert ".htaccess" not in junk["message"]


@pytest.mark.parametrize("ours", ["_redirects", "_headers", "netlify.toml"])
def test_rules_for_apache_are_no_news_to_who_brings_ours(tmp_path: Path, ours: str) -> None:
    put(tmp_path, "index.html", ours, ".htaccess", "blog/.htaccess")
    (tmp_path / ".htaccess").write_text("Require all granted\nRedirect /old /new\n")

    (junk,) = walk(tmp_path).left_out

    assert junk["message"] == "Left out (no part of a site): .htaccess, blog/.htaccess."


def test_a_redirects_file_that_holds_no_rules_says_nothing_of_apaches(tmp_path: Path) -> None:
    put(tmp_path, "index.html", "blog/_redirects", ".htaccess")

    (rules,) = walk(tmp_path).left_out

    assert "no effect here" in rules["message"]


@pytest.mark.parametrize("lock", ["AuthType Basic", "  require valid-user", "Deny from all"])
def test_a_lock_for_apache_is_told_also_to_who_brings_rules_of_ours(tmp_path: Path, lock: str) -> None:
    put(tmp_path, "index.html", "_redirects", "private/.htaccess", ".htaccess")
    (tmp_path / "private/.htaccess").write_text(f"# members\n{lock}\n")

    rules, junk = sorted(walk(tmp_path).left_out, key=lambda problem: "no effect here" not in problem["message"])

    assert (rules["path"], rules["count"], junk["path"]) == ("private/.htaccess", 1, ".htaccess")


def test_what_a_build_reads_is_taken_though_it_begins_with_a_dot(tmp_path: Path) -> None:
    put(tmp_path, "package.json", ".nvmrc", ".eleventy.js", ".vitepress/config.js", ".npmrc", ".env.production")

    assert [leaf.name for leaf in walk(tmp_path).files] == [
        ".eleventy.js",
        ".nvmrc",
        ".vitepress/config.js",
        "package.json",
    ]
