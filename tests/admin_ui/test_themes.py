"""Themes: every text can be read in each, an operator brings their own, and a bad one is refused with a sentence."""

from pathlib import Path

import pytest

import admin_ui
from admin_ui.assets import Assets
from admin_ui.look import contrast, themes
from admin_ui.look.contrast import PAIRS
from admin_ui.look.themes import SHIPPED, BadTheme, Themes
from appliance.settings import Settings
from tests.admin_ui.themes import TOKENS, put, shipped_themes

LOGO = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def of(data: Path, **changes: object) -> Themes:
    return themes.of(Settings(data=data, **changes), TOKENS)  # type: ignore[arg-type]  # the settings' own kinds


def sheet_of(found: Themes, name: str) -> str:
    return Assets.load(found).files[f"{name}.css"].decode()


# ── what is shipped


@pytest.mark.parametrize("name", SHIPPED)
def test_every_text_can_be_read_in_light_and_dark(name: str) -> None:
    theme = shipped_themes().found[name]

    found = contrast.faults({**TOKENS.colours, **theme.colours}, TOKENS.meanings, theme.least_contrast)

    assert [(fault.pair.front, fault.pair.back, fault.scheme, round(fault.ratio, 2)) for fault in found] == []


def test_one_theme_promises_seven_to_one() -> None:
    assert shipped_themes().found["contrast"].least_contrast == 7.0


def test_every_meaning_is_held_against_what_it_stands_on() -> None:
    compared = {name for pair in PAIRS for name in (pair.front, pair.back)}

    assert compared | contrast.NOT_READ == set(TOKENS.meanings)
    assert compared & contrast.NOT_READ == set()


def test_the_ratio_is_that_of_the_standard() -> None:
    assert contrast.ratio("#000000", "#ffffff") == pytest.approx(21)
    assert contrast.ratio("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert contrast.ratio("#1d5fd1", "#1d5fd1") == 1


def test_every_folder_of_themes_is_offered() -> None:
    folders = {path.parent.name for path in (Path(admin_ui.__file__).parent / "themes").glob("*/theme.toml")}

    assert folders == set(SHIPPED)


def test_high_contrast_is_named_in_german_too() -> None:
    theme = shipped_themes().found["contrast"]

    assert (theme.called("de"), theme.called("en"), theme.called("fr")) == (
        "Hoher Kontrast",
        "High contrast",
        "High contrast",
    )


# ── an operator's own


def test_a_theme_in_the_data_folder_is_one_style_sheet(tmp_path: Path) -> None:
    toml = 'logo = "our.svg"\n[light]\nsea = "#0B3A8F"\n[shape]\nround = "0"\n[fonts]\ntext = "our.woff2"\n'
    put(tmp_path, "ours", toml, our_svg=LOGO, our_woff2=b"a font")

    assets = Assets.load(of(tmp_path, theme="ours"))

    sheet = assets.files["ours.css"].decode()
    assert f"--sea: light-dark(#0b3a8f, {TOKENS.colours['sea'].dark});" in sheet
    assert "--round: 0;" in sheet
    assert '--font: "theme-text", system-ui' in sheet
    assert 'src: url("themes/ours/our.woff2") format("woff2")' in sheet
    assert assets.files["themes/ours/our.svg"] == LOGO
    assert assets.files["themes/ours/our.woff2"] == b"a font"


def test_what_a_theme_changes_comes_after_the_values_it_changes(tmp_path: Path) -> None:
    put(tmp_path, "ours", '[light]\nsea = "#0b3a8f"\n')

    sheet = sheet_of(of(tmp_path), "ours")

    assert sheet.index("--sea: light-dark(#1d5fd1") < sheet.index("--sea: light-dark(#0b3a8f") < sheet.index(".bar")


def test_a_changed_theme_has_another_address(tmp_path: Path) -> None:
    folder = put(tmp_path, "ours", '[light]\nsea = "#0b3a8f"\n')
    before = Assets.load(of(tmp_path)).prefix
    (folder / "theme.toml").write_text('[light]\nsea = "#0b3a90"\n')

    assert Assets.load(of(tmp_path)).prefix != before


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[light\n", "is not TOML"),
        ('[light]\nsee = "#0b3a8f"\n', "[light] see is nothing a theme can change; perhaps sea is meant"),
        ('colour = "red"\n', "colour is nothing a theme can change"),
        ('[light]\nsea = "blue"\n', "sea is a colour such as #1d5fd1, not 'blue'"),
        ('[light]\nsea = "#0b3a8f;} body {display: none"\n', "sea is a colour such as"),
        ("[dark]\nsea = 5\n", "sea is a colour such as"),
        ('[light]\nink = "#999999"\n', "in light, ink on mist has a contrast of 2.66 to 1"),
        ('[dark]\nslate = "#444444"\n', "in dark, slate on mist has a contrast of"),
        ("least_contrast = 7\n", "but is used where it takes 7 to 1; make one lighter or darker"),
        ("least_contrast = 2\n", "least_contrast is a number from 4.5 to 21"),
        ('[shape]\nround = "1em; }"\n', "round is written such as 0.5rem"),
        ('[shape]\nfont = "url(x)"\n', "font is written such as Charter"),
        ('light = "#ffffff"\n', "light is a table: write [light]"),
        ('logo = "../secret.key"\n', "logo names a file beside theme.toml"),
        ('logo = "logo.html"\n', "ends in .svg or .png or .webp"),
        ('logo = "missing.svg"\n', "missing.svg cannot be read"),
        ('[fonts]\ntext = "font.ttf"\n', "ends in .woff2"),
        ('label = ""\n', "label is a text of at most 60 characters"),
    ],
)
def test_a_bad_theme_is_refused_with_what_to_change(tmp_path: Path, toml: str, said: str) -> None:
    put(tmp_path, "ours", toml)

    with pytest.raises(BadTheme) as refused:
        of(tmp_path, theme="ours")

    assert str(refused.value).startswith("The theme 'ours' cannot be used: ")
    assert said in str(refused.value)


def test_a_bad_theme_that_is_not_in_use_is_left_out_and_told(tmp_path: Path) -> None:
    put(tmp_path, "ours", "[light\n")

    found = of(tmp_path)

    assert set(found.found) == set(SHIPPED)
    assert len(found.refused) == 1
    assert "'ours'" in found.refused[0]


@pytest.mark.parametrize("name", ["contrast", "Ours", "our theme"])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, "")

    assert len(of(tmp_path).refused) == 1


def test_a_folder_without_a_theme_is_refused(tmp_path: Path) -> None:
    (tmp_path / "themes" / "empty").mkdir(parents=True)

    assert "theme.toml cannot be read" in of(tmp_path).refused[0]


def test_a_theme_that_is_too_large_names_the_limit(tmp_path: Path) -> None:
    put(tmp_path, "ours", 'logo = "our.svg"\n', our_svg=b" " * 2000)

    assert "more than 1,000 bytes (the setting theme_size)" in of(tmp_path, theme_size=1000).refused[0]


def test_a_theme_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BadTheme, match=r"There is no theme 'ours'.*dropdock, contrast, dune, fjord"):
        of(tmp_path, theme="ours")


def test_who_chose_a_theme_that_is_gone_gets_the_installation_s(tmp_path: Path) -> None:
    assert of(tmp_path, theme="dune").get("gone").name == "dune"
