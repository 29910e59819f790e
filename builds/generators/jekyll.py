"""Jekyll: https://jekyllrb.com/docs/configuration/"""

from dataclasses import replace

from builds.projects import parsing
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.project import Folder, astray, inner_folder, joined
from builds.recipe import Choice, Recipe, Step, Tool

CONFIGS = ("_config.yml", "_config.yaml", "_config.toml")
FOLDERS = ("_posts", "_layouts", "_includes", "_sass", "_data")
PAGES = ("index.md", "index.markdown", "index.html")
GEMS = frozenset({"jekyll", "github-pages"})


def recognise(folder: Folder) -> Sign | None:
    """A `_config.yml`, which Hexo has too, and something that only Jekyll reads."""
    config = folder.first(CONFIGS)
    if not config:
        return None
    if GEMS & parsing.gems(folder.text("Gemfile")):
        return Sign(Weight.SURE, f"{folder.shown(config)} and a Gemfile with jekyll are here")
    if any(folder.has_folder(name) for name in FOLDERS):
        return Sign(Weight.SURE, f"{folder.shown(config)} and Jekyll's folders are here")
    page = folder.first(PAGES)
    if page and folder.text(page).startswith("---"):
        return Sign(Weight.SURE, f"{folder.shown(config)} and a page with front matter are here")
    return None


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`jekyll build`; through Bundler where a Gemfile says which gems."""
    config = folder.first(CONFIGS) or CONFIGS[0]
    said = parsing.string(folder.values(config), "destination")
    output = inner_folder(said) or "_site"
    # Everything is at the top of a host of its own here; a `baseurl` is for a folder of another one.
    build = ("jekyll", "build", "--baseurl", "", *choice.flags)
    recipe = Recipe(
        generator="jekyll",
        title="Jekyll",
        base=folder.base,
        why=reason(seen, "Jekyll", joined(folder.base, output)),
        tools=(Tool("jekyll", choice.versions.get("jekyll", "")),),
        run=(Step(build, folder.base),),
        output=(output,),
        environment={"JEKYLL_ENV": "production", "JEKYLL_NO_BUNDLER_REQUIRE": "true", "LANG": "C.UTF-8"},
        astray=astray(folder.shown(config), "destination", said, "_site"),
    )
    return _through_bundler(recipe, folder) if folder.has("Gemfile") else recipe


def _through_bundler(recipe: Recipe, folder: Folder) -> Recipe:
    is_locked = folder.has("Gemfile.lock")
    bundle = joined(folder.base, "vendor/bundle")  # Jekyll itself leaves this folder out of the site
    return replace(
        recipe,
        tools=(Tool("bundle", "", folder.shown("Gemfile")),),
        fetch=(Step(("bundle", "install"), folder.base),),
        run=tuple(replace(step, argv=("bundle", "exec", *step.argv)) for step in recipe.run),
        environment={
            "JEKYLL_ENV": "production",
            "LANG": "C.UTF-8",
            "BUNDLE_PATH": "vendor/bundle",
            "BUNDLE_FROZEN": "true" if is_locked else "false",
        },
        lock=(folder.path("Gemfile.lock"),) if is_locked else (),
        keeps=(bundle,) if is_locked else (),
    )


JEKYLL = Generator(
    name="jekyll",
    title="Jekyll",
    markers=CONFIGS,
    recognise=recognise,
    plan=plan,
    signs="`_config.yml` with a `Gemfile` that has jekyll, Jekyll's folders, or a page with front matter",
    command="`jekyll build`, through Bundler where there is a `Gemfile`",
    output="`destination`, else `_site`",
    source="the machine only",
)
