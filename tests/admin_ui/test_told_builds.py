"""What is said of builds, with its reasons, in the language of the visit: generators, tools, sandboxes, minifiers."""

import itertools
import re

import pytest

from admin_ui.told import told
from builds.generators import GENERATORS
from builds.projects.generator import Generator
from builds.recipe import Tool
from builds.sandbox.bubblewrap import Bubblewrap
from builds.sandbox.container import Container
from builds.sandbox.destinations import Reach
from builds.sandbox.engine import Engine
from builds.sandbox.process import Process
from builds.sandbox.proof import FAULTS
from builds.tools.listed import TOOLS, Listed
from builds.tools.toolbox import missing
from tests.admin_ui import sentences

pytestmark = pytest.mark.usefixtures("german")

ENGLISH_WORDS = re.compile(r"\b(are|by|and|under|with|without|while|too|only|user|asks|for|or|the|its|from|your)\b")
RECOGNISING = tuple(  # modules that say why a generator was recognised
    f"builds/{path.parent.name}/{path.name}"
    for path in sorted((sentences.ROOT / "builds").glob("*/*.py"))
    if "Sign(" in path.read_text(encoding="utf-8") and path.name != "generator.py"
)
FORMS = {
    "process": [Process(layer).about for layer in (True, False)],
    "container": [Container(Engine("podman", "/bin/podman"), "builders", 1000, Reach()).about],
    "bubblewrap": [
        Bubblewrap({}, uid, Reach(), layer).about for uid, layer in itertools.product((None, 1000), (True, False))
    ],
}  # what each sandbox says of itself
NOTHING, NICHTS = "No project can be built here.", "Hier kann kein Projekt gebaut werden."
ROOT = "a build would be root: run the server as an ordinary user."
WURZEL = "Ein Build wäre root: Lassen Sie den Server unter einem gewöhnlichen Benutzer laufen."


@pytest.mark.parametrize("generator", GENERATORS, ids=lambda generator: generator.name)
def test_what_a_generator_is_called_is_told(generator: Generator) -> None:
    assert " " not in generator.title or told(generator.title) != generator.title


@pytest.mark.parametrize("module", RECOGNISING)
def test_why_a_generator_was_recognised_is_told(module: str) -> None:
    seen = [text.replace(sentences.PLACE, "package.json", 1) for text in sentences.arguments(module, "Sign")]

    assert seen
    assert [text for text in map(sentences.filled, seen) if told(text) == text] == []


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@pytest.mark.parametrize("by", ["", "netlify.toml", "the site's settings"])
def test_the_way_to_get_a_tool_is_told(tool: Listed, by: str) -> None:
    sentence = missing(tool, Tool(tool.name, "9.9", by)).detail

    assert ENGLISH_WORDS.search(sentence)
    assert not ENGLISH_WORDS.search(told(sentence))


@pytest.mark.parametrize("fault", FAULTS)
def test_why_a_sandbox_cannot_be_used_is_told(fault: str) -> None:
    wanted = told(fault)

    assert wanted != fault
    assert told(f"{NOTHING} container: {fault} process: {ROOT}") == f"{NICHTS} container: {wanted} process: {WURZEL}"


@pytest.mark.parametrize("sandbox", FORMS)
def test_what_isolates_builds_is_told_in_every_form(sandbox: str) -> None:
    assert [text for text in map(told, FORMS[sandbox]) if ENGLISH_WORDS.search(text)] == []


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        (
            "package.json has astro → Astro; output dist/",
            "package.json nennt astro → Astro; Ausgabe in dist/",
        ),
        (
            "docs/conf.py has html_theme → Sphinx; output _build/html/, as netlify.toml says so",
            "docs/conf.py nennt html_theme → Sphinx; Ausgabe in _build/html/, denn netlify.toml sagt es",
        ),
        (
            (
                "This may be Astro in a/ (a/package.json has astro), or npm with a build script "
                "(package.json has a build script), and 3 more: which is it?"
            ),
            (
                "Das kann Astro in a/ (a/package.json nennt astro) oder npm mit Build-Skript "
                "(package.json hat ein Build-Skript) sein, und es gibt 3 weitere Möglichkeiten: Was davon ist es?"
            ),
        ),
        (
            (
                "The build ended well, but no site is where it was looked for: dist/, build/. "
                "Set the site's output folder to web/html, where it made pages."
            ),
            (
                "Der Build lief gut, aber wo gesucht wurde, ist keine Site: dist/, build/. "
                "Setzen Sie den Ausgabeordner der Site auf web/html: Dort hat er Seiten gemacht."
            ),
        ),
        (
            (
                "The build ended well, but no site is where it was looked for: site/. It writes to ../site, as "
                "docs/mkdocs.yml says, which is outside of the project: set site_dir to a folder inside, such as site."
            ),
            (
                "Der Build lief gut, aber wo gesucht wurde, ist keine Site: site/. Er schreibt nach ../site, so "
                "steht es in docs/mkdocs.yml, und das ist außerhalb des Projekts: Setzen Sie site_dir auf einen Ordner "
                "darin, etwa site."
            ),
        ),
        (
            (
                "The flag --evil is not allowed on this server (build_flags): allowed are --a, --b. "
                "Leave it out, or ask the operator."
            ),
            (
                "Der Schalter --evil ist auf diesem Server nicht erlaubt (build_flags): erlaubt sind --a, --b. "
                "Lassen Sie es weg, oder fragen Sie den Betreiber."
            ),
        ),
        (
            "Versions are by tool, one of node, python, hugo, and written like 22, 3.12 or >=20 <23.",
            "Versionen stehen je Werkzeug (node, python, hugo) und werden geschrieben wie 22, 3.12 oder >=20 <23.",
        ),
        (
            "package.json is not valid JSON in line 3 → npm with a build script; output dist/",
            "package.json ist in Zeile 3 kein gültiges JSON → npm mit Build-Skript; Ausgabe in dist/",
        ),
        (
            "The repository could not be fetched: git.example.org could not be reached: Connection refused.",
            "Das Repository konnte nicht geholt werden: git.example.org war nicht zu erreichen: „Connection refused“.",
        ),
        (
            "“a.js” could not be optimised (unexpected token at line 3): it is served as it is.",
            "„a.js“ ließ sich nicht optimieren („unexpected token at line 3“): Gesendet wird, was hochgeladen wurde.",
        ),
        (
            "“a” has one packed size in the archive's directory and another at its place; pack it again.",
            (
                "„a“ hat im Verzeichnis des Archivs andere Angaben als an seinem Platz (gepackte Größe); "
                "packen Sie es neu."
            ),
        ),
        (
            (
                f"{NOTHING} bubblewrap: bwrap and setpriv not found: install the packages bubblewrap and util-linux. "
                "container: no such engine."
            ),
            (
                f"{NICHTS} bubblewrap: bwrap und setpriv nicht gefunden: "
                "Installieren Sie die Pakete bubblewrap und util-linux. container: „no such engine.“"
            ),
        ),
    ],
)
def test_sentences_about_builds_are_known_again_with_their_reasons(sentence: str, wanted: str) -> None:
    assert told(sentence) == wanted
