"""Sphinx: https://www.sphinx-doc.org/en/master/usage/configuration.html"""

import re

from builds.projects import python
from builds.projects.generator import Generator, Sign, Weight, reason
from builds.projects.project import Folder, joined
from builds.recipe import Choice, Recipe, Step

CONFIG = "conf.py"
NAMES = ("html_theme", "extensions", "root_doc", "master_doc", "exclude_patterns", "project", "copyright")
PAGES = ("index.rst", "index.md", "index.txt", "contents.rst")
# Extensions and themes by the name that conf.py has for them; used only where the project lists no requirements.
PACKAGES = {
    "myst_parser": "myst-parser",
    "sphinx_rtd_theme": "sphinx-rtd-theme",
    "furo": "furo",
    "pydata_sphinx_theme": "pydata-sphinx-theme",
    "sphinx_book_theme": "sphinx-book-theme",
    "sphinx_copybutton": "sphinx-copybutton",
    "sphinx_design": "sphinx-design",
    "sphinx_tabs.tabs": "sphinx-tabs",
    "sphinx_inline_tabs": "sphinx-inline-tabs",
    "sphinxcontrib.mermaid": "sphinxcontrib-mermaid",
    "sphinx_autodoc_typehints": "sphinx-autodoc-typehints",
    "nbsphinx": "nbsphinx",
    "numpydoc": "numpydoc",
}
OUTPUT = "_build/html"


def recognise(folder: Folder) -> Sign | None:
    """A `conf.py` with Sphinx's names, which Nikola's has not, and a page to begin with."""
    if not folder.has(CONFIG):
        return None
    assigned = folder.python(CONFIG)
    names = [name for name in NAMES if name in assigned]
    page = folder.first((*PAGES, *(f"source/{page}" for page in PAGES)))
    if not page or len(names) < 2:
        return None
    return Sign(Weight.SURE, f"{folder.shown(CONFIG)} has {names[0]}")


def plan(folder: Folder, choice: Choice, seen: str) -> Recipe:
    """`sphinx-build -b html`, with the packages of the requirements, and the package that the pages describe."""
    names = python.named(folder)
    own = ("sphinx",) if "sphinx" in names else ("sphinx", *_packages(folder))
    packages = python.packages(folder, choice, *own, with_project=True)
    address = ("-D", f"html_baseurl={choice.url}") if choice.url else ()
    command = ("sphinx-build", "-b", "html", *address, *choice.flags, ".", OUTPUT)
    return Recipe(
        generator="sphinx",
        title="Sphinx",
        base=folder.base,
        why=reason(seen, "Sphinx", joined(folder.base, OUTPUT)),
        tools=(python.python(folder, choice),),
        python=packages,
        run=(Step(command, folder.base),),
        output=(OUTPUT,),
        environment=python.SAFE,
        lock=python.lock(packages),
    )


def _packages(folder: Folder) -> tuple[str, ...]:
    quoted = set(re.findall(r"[\"']([A-Za-z_][\w.]{1,60})[\"']", folder.text(CONFIG)))
    return tuple(package for name, package in PACKAGES.items() if name in quoted)


SPHINX = Generator(
    name="sphinx",
    title="Sphinx",
    markers=(CONFIG,),
    recognise=recognise,
    plan=plan,
    signs="`conf.py` with Sphinx's names, beside an `index.rst` or `index.md`",
    command="`sphinx-build -b html`",
    output=f"`{OUTPUT}`",
    source=python.SOURCE,
)
