"""Every sentence that the server says in English has a text in each language: none of the code's is forgotten."""

import re

import pytest

from admin_ui.languages import placeholders
from admin_ui.told import PHRASES, SHAPES, told
from appliance import errors
from appliance.audit import ACTIONS
from appliance.serving.rules.reading import Site, read_rules
from appliance.settings import fields
from tests.admin_ui import sentences
from tests.admin_ui.english import ENGLISH_TEXTS, is_english

SEEN = (  # modules whose refusals are seen in the admin's own forms
    "admin_ui/forms.py",
    "admin_ui/look/themes.py",
    "admin_ui/screens/components.py",
    "admin_ui/screens/deploy.py",
    "admin_ui/screens/inside.py",
    "admin_ui/screens/look.py",
    "admin_ui/screens/sample.py",
    "admin_ui/screens/stopping.py",
    "admin_ui/screens/versions.py",
    "appliance/accounts.py",
    "appliance/allowance.py",
    "appliance/api/settings.py",
    "appliance/build_words.py",
    "appliance/building.py",
    "appliance/deploys/aliases.py",
    "appliance/deploys/contents.py",
    "appliance/deploys/inside.py",
    "appliance/deploys/listings.py",
    "appliance/deploys/patching.py",
    "appliance/deploys/pointers.py",
    "appliance/deploys/redeploying.py",
    "appliance/deploys/retention.py",
    "appliance/deploys/withdrawing.py",
    "appliance/explain.py",
    "appliance/figures.py",
    "appliance/gates.py",
    "appliance/git/addresses.py",
    "appliance/git/redeploy.py",
    "appliance/git/sources.py",
    "appliance/intake.py",
    "appliance/members.py",
    "appliance/own_sessions.py",
    "appliance/passwords.py",
    "appliance/plans.py",
    "appliance/preferences.py",
    "appliance/removals.py",
    "appliance/sealing.py",
    "appliance/serving/rules/headers.py",
    "appliance/serving/rules/patterns.py",
    "appliance/serving/rules/redirects.py",
    "appliance/serving/rules/targets.py",
    "appliance/serving/rules/toml_tables.py",
    "appliance/sessions.py",
    "appliance/sign_in.py",
    "appliance/site_builds.py",
    "appliance/sites.py",
    "appliance/streams.py",
    "appliance/texts.py",
    "appliance/throttle.py",
    "appliance/tokens.py",
    "builds/archive.py",
    "builds/cloning.py",
    "builds/minify/css.py",
    "builds/minify/html.py",
    "builds/minify/js.py",
    "builds/minify/json_data.py",
    "builds/minify/native.py",
    "builds/multipart_archive.py",
    "builds/names.py",
    "builds/outgoing.py",
    "builds/projects/project.py",
    "builds/sandbox/bubblewrap.py",
    "builds/sandbox/container.py",
    "builds/sandbox/process.py",
    "builds/streams.py",
    "builds/tar_archive.py",
    "builds/tools/environment.py",
    "builds/tree.py",
    "builds/zip_directory.py",
)
FOUND = (  # modules whose sentences, raised or not, are seen on the pages of a deploy
    "appliance/job_failures.py",
    "appliance/jobs.py",
    "appliance/optimising.py",
    "appliance/refining.py",
    "appliance/removals.py",
    "appliance/serving/explain_words.py",
    "appliance/serving/rules/headers.py",
    "appliance/serving/rules/reading.py",
    "appliance/serving/rules/redirects.py",
    "appliance/serving/rules/report.py",
    "appliance/serving/rules/review.py",
    "appliance/serving/rules/toml_tables.py",
    "appliance/site_rules.py",
    "appliance/storage/history.py",
    "appliance/unforeseen.py",
    "appliance/uploads.py",
    "appliance/whereabouts.py",
    "builds/cloning.py",
    "builds/collect.py",
    "builds/origin.py",
    "builds/output.py",
    "builds/published.py",
    "builds/detect.py",
    "builds/elsewhere.py",
    "builds/generate.py",
    "builds/generators/astro.py",
    "builds/generators/eleventy.py",
    "builds/generators/hexo.py",
    "builds/generators/mkdocs.py",
    "builds/generators/nextjs.py",
    "builds/generators/sveltekit.py",
    "builds/generators/vite.py",
    "builds/kept.py",
    "builds/listing.py",
    "builds/log.py",
    "builds/lone_file.py",
    "builds/projects/netlify.py",
    "builds/projects/node.py",
    "builds/recognise.py",
    "builds/refusals.py",
    "builds/sandbox/refusals.py",
    "builds/tools/environment.py",
    "builds/tools/toolbox.py",
    "builds/transform.py",
    "builds/without_extension.py",
)
RULE_FILES = {
    "_redirects": "/a /a\n/b /c\n/b/ /d\n/* /x:splat\n/x/* /y/** 999\nnot a rule\n/r /s 302 Role=a\n/** /x\n/h http://:a/\n",
    "_headers": "X-A: b\n/a\n  Server: x\n  ! X\n  no header\n/**\n",
    "netlify.toml": "[[redirects]]\nfrom = 1\n[[headers]]\nfor = 2\n",
}

pytestmark = pytest.mark.usefixtures("german")


def stands_in_the_code(text: str) -> bool:
    """Whether a text is one of the code's, or two of them that are put together, or a value and one."""
    if text in sentences.texts():
        return True
    starts = (text[:cut] for cut in range(1, len(text)))
    known = sentences.texts() | {sentences.PLACE}
    return any(start in known and text[len(start) :] in known for start in starts)


@pytest.mark.parametrize("name", ENGLISH_TEXTS)
def test_what_is_known_again_stands_in_the_code_like_that(name: str) -> None:
    assert stands_in_the_code(sentences.plain(ENGLISH_TEXTS[name]))


@pytest.mark.parametrize("module", SEEN)
def test_what_forms_are_refused_for_is_told_in_every_language(module: str) -> None:
    said = [sentences.filled(text) for text in sentences.refusals(module)]

    assert said
    assert [sentence for sentence in said if told(sentence) == sentence or is_english(told(sentence), "de")] == []


@pytest.mark.parametrize("module", FOUND)
def test_what_is_said_of_a_deploy_is_told_in_every_language(module: str) -> None:
    said = [sentences.filled(text) for text in sentences.statements(module)]

    assert said
    assert [sentence for sentence in said if told(sentence) == sentence or is_english(told(sentence), "de")] == []


def test_every_finding_about_rule_files_is_told() -> None:
    _, problems = read_rules(RULE_FILES, Site(), str)

    assert len({one.code for one in problems}) >= 5
    assert [one.message for one in problems if told(one.message) == one.message] == []


@pytest.mark.parametrize("action", ACTIONS)
def test_every_change_is_told(action: str) -> None:
    sentence = re.sub(r"\{\w+\}", "x", ACTIONS[action])

    assert told(sentence) != sentence


@pytest.mark.parametrize("setting", fields())
def test_what_a_setting_is_about_is_told(setting: str) -> None:
    about = fields()[setting].metadata["about"]

    assert told(about) != about


def test_every_kind_of_problem_is_told() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Problem)]
    titles = {kind.title for kind in kinds}

    assert [title for title in titles if told(title) == title] == []


def test_words_of_the_server_are_named_apart_from_what_is_somebody_s_own() -> None:
    used = {name for text in ENGLISH_TEXTS.values() for name in placeholders(text)}

    assert PHRASES - used == set()
    assert [
        name
        for name, text in ENGLISH_TEXTS.items()
        if not re.sub(r"\{\w+\}", "", text).strip(" .:") and not placeholders(text) & SHAPES.keys()
    ] == []
