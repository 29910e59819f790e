"""What the server says in English is said in the language of the visit, where that has a text for it."""

import re
import time

import pytest

from admin_ui.languages import shipped
from admin_ui.told import told
from admin_ui.words import speak
from tests.admin_ui.desk import Desk, Page
from tests.admin_ui.english import ENGLISH_TEXTS

pytestmark = pytest.mark.usefixtures("german")

BITTEN = "bitten Sie den Betreiber um einen anderen Tarif."
DELETE = "delete deploys or sites, or ask the operator for another plan."
BELEGT = "Ihre Sites belegen 9 Bytes"
LOESCHEN = f"Löschen Sie Deploys oder Sites, oder {BITTEN}"
LIMIT = " The limit is path_depth = 9; send less, or ask the operator to raise it."
GRENZE = " Die Grenze ist path_depth = 9; senden Sie weniger, oder bitten Sie den Betreiber, sie anzuheben."


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("The name 'blog' is taken: choose another.", "Der Name „blog“ ist vergeben: Wählen Sie einen anderen."),
        (
            "This password is too short: use at least 10 characters.",
            "Dieses Passwort ist zu kurz: Nehmen Sie mindestens 10 Zeichen.",
        ),
        (
            f"A path has more than 9 folders.{LIMIT}",
            f"Ein Pfad hat mehr als 9 Ordner.{GRENZE}",
        ),
        (
            "There is no index.html at the top: visitors of / will get a “not found” page. The nearest one is “a”.",
            "Ganz oben ist keine index.html: Wer / besucht, bekommt eine Seite „nicht gefunden“. Die nächste ist „a“.",
        ),
        (
            f"The plan pro has 5GB of storage (storage). Your sites take 9 bytes, and this needs 4 more: {DELETE}",
            f"Der Tarif pro hat 5GB Speicher (storage). {BELEGT}, und das hier braucht 4 mehr: {LOESCHEN}",
        ),
        (
            "The plan pro has 3 sites (plans.pro.sites): delete one, or ask the operator for another plan.",
            f"Der Tarif pro hat 3 Sites (plans.pro.sites): Löschen Sie eine, oder {BITTEN}",
        ),
        (
            "The last good backup is from 2026-11-26 10:56 UTC, /mnt/backups (restoring it was rehearsed).",
            (
                "Das letzte gute Backup ist vom 26. Nov. 2026, 10:56 UTC, /mnt/backups "
                "(das Zurückspielen wurde geprobt)."
            ),
        ),
        (
            "Optimised: 1.2 MB are 800.0 KB minified and 0.3 MB as sent.",
            "Optimiert: Aus 1,2 MB werden minimiert 800,0 KB, und gesendet 0,3 MB.",
        ),
        (
            "Only an admin may do this; this account is in the role user.",
            "Das darf nur jemand mit der Rolle Admin; dieses Konto hat die Rolle Benutzer.",
        ),
        (
            "The snippet is 12,345 bytes long, and may have 10KB (snippet_size): shorten it.",
            "Der Schnipsel ist 12.345 Bytes lang und darf 10KB haben (snippet_size): Kürzen Sie ihn.",
        ),
        (
            "The theme 'mud' cannot be used: accent is a colour such as #1d5fd1, not 'brown'.",
            "Das Theme „mud“ lässt sich nicht verwenden: accent ist eine Farbe wie #1d5fd1, nicht „brown“.",
        ),
        (
            "The database has what Dropdock did not make: the table extra.",
            "Die Datenbank hat, was Dropdock nicht gemacht hat: the table extra.",
        ),
        (
            "There are more than 10,000 exact redirects (redirect_rules): left out.",
            "Es gibt mehr als 10.000 exakte Weiterleitungen (redirect_rules): weggelassen.",
        ),
        (
            "Found more than once, with the same content: “a” and 2 more.",
            "Mehr als einmal da, mit demselben Inhalt: „a“ und 2 weitere.",
        ),
        (
            "Left out: dot files (3 files), which is not part of a site.",
            "Weggelassen: Punkt-Dateien (3 Dateien), gehört nicht zu einer Site.",
        ),
        (
            (
                "This deploy is ready, but not live: blog has changed: deploy 3 (abc) is live, not nothing. "
                "Look at what is live now, then decide again."
            ),
            (
                "Dieser Deploy ist bereit, aber nicht live: blog hat sich geändert: "
                "Live ist Deploy 3 (abc), nicht nichts. "
                "Sehen Sie nach, was jetzt live ist, und entscheiden Sie dann neu."
            ),
        ),
        (
            "_redirects line 3: /a leads to itself: left out. This server takes no deploy with such rules.",
            (
                "_redirects, Zeile 3: /a führt zu sich selbst: weggelassen. "
                "Dieser Server nimmt keinen Deploy mit solchen Regeln an."
            ),
        ),
        (
            "The upload is damaged: the folder “a” has content. Pack it again and upload it again. Nothing was stored.",
            (
                "Der Upload ist beschädigt: der Ordner „a“ hat Inhalt wie eine Datei. "
                "Packen Sie ihn neu und laden Sie ihn noch einmal hoch. Es wurde nichts gespeichert."
            ),
        ),
        (
            "The certificate /x/a b.pem with the key /x/k.pem cannot be used: the key is another certificate's.",
            (
                "Das Zertifikat /x/a b.pem mit dem Schlüssel /x/k.pem kann nicht verwendet werden: "
                "der Schlüssel gehört zu einem anderen Zertifikat."
            ),
        ),
        (
            "The certificate /x/a.pem ends on 2026-12-01 10:00 UTC: renew it.",
            "Das Zertifikat /x/a.pem läuft am 1. Dez. 2026, 10:00 UTC ab: Erneuern Sie es.",
        ),
        ("It asks for the home page.", "Gefragt ist nach der Startseite."),
        ("It asks for docs, as a folder.", "Gefragt ist nach docs, als Ordner."),
        ("Something nobody has translated.", "Something nobody has translated."),
        ("", ""),
    ],
)
def test_sentences_are_known_again_with_their_values(sentence: str, wanted: str) -> None:
    assert told(sentence) == wanted


def test_what_is_somebody_s_own_is_never_translated() -> None:
    assert told("There is no site 'ready' in this account.") == "Dieses Konto hat keine Site „ready“."
    assert told("deleted the site signed in") == "hat die Site signed in gelöscht"


def test_braces_in_values_are_only_characters() -> None:
    assert (
        told("There is no site '{name.__class__}' in this account.")
        == "Dieses Konto hat keine Site „{name.__class__}“."
    )


def test_in_english_everything_is_as_it_was_said() -> None:
    speak(shipped().english)

    assert told("signed in") == "signed in"


@pytest.mark.asyncio(loop_scope="session")
async def test_a_form_that_is_refused_says_why_in_german(stranger: Desk, alice: Desk) -> None:
    for desk in (stranger, alice):
        desk.client.headers["Accept-Language"] = "de"

    wrong = await stranger.send("/sign-in", email="alice@example.org", password="wrong")
    name = await alice.submit("/sites", name="Not a name")
    password = await alice.submit("/account/password", current_password="x", password="short", again="other")

    assert "Zu dieser E-Mail und diesem Passwort gibt es kein Konto." in wrong.text
    assert "Name: 1 bis 48 Kleinbuchstaben" in Page(name.text).text
    assert "Die beiden Passwörter sind verschieden." in password.text
    assert "Neues Passwort noch einmal: ist nicht dasselbe." in Page(password.text).text


@pytest.mark.asyncio(loop_scope="session")
async def test_our_scripts_are_told_in_the_language_of_the_page_and_programs_in_english(alice: Desk) -> None:
    headers = {"Accept-Language": "de", "Accept": "*/*", "Content-Type": "application/json"}
    csrf = await alice.csrf()

    script = await alice.client.post("/api/v1/sites", json={"name": "A b"}, headers={**headers, "X-CSRF-Token": csrf})
    async with alice.server.client(alice.person) as api:
        program = await api.post("/api/v1/sites", json={"name": "A b"}, headers={"Accept-Language": "de"})

    assert script.json()["detail"].startswith("„A b“ kann keine Site heißen: ")
    assert script.json()["fields"]["name"].startswith("1 bis 48 ")
    assert (
        (script.status_code, script.json()["code"])
        == (program.status_code, program.json()["code"])
        == (422, "bad_name")
    )
    assert program.json()["detail"].startswith("'A b' cannot be a site's name")


def test_a_sentence_is_told_whole_or_not_at_all() -> None:
    assert told(
        "The name “x” does something nobody has translated; rename it and upload again. Nothing was stored."
    ).startswith("The name “x” does")


def test_what_is_written_to_keep_us_busy_does_not() -> None:
    """The words of a sentence again and again: looked for at every place anew, they would take hours."""
    began = time.monotonic()

    for text in ENGLISH_TEXTS.values():
        pieces = re.split(r"\{[a-z_]+\}", text)
        if len(pieces) > 3:
            busy = pieces[0] + "".join(f"a{piece}" for piece in pieces[1:-1]) * 3_000 + pieces[-1][:-1] + "\0"
            told(busy)

    assert time.monotonic() - began < 30
