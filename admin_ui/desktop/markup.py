"""What the window's own pages are made of, with places for the words: HTML, and scripts for the page that is shown.

The admin's policy and style sheets are not theirs: they come from no server.
"""

from markupsafe import Markup

from admin_ui.words import spoken, t

_HEAD = """<!doctype html>
<html lang="{language}" dir="{direction}">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
"""

QUESTION = (
    _HEAD
    + """<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 1.25rem }}
h1 {{ font-size: 1.15rem; margin: 0 0 .5rem }}
p {{ margin: 0 0 1rem }}
div {{ display: flex; gap: .5rem; flex-wrap: wrap; justify-content: flex-end }}
button {{ font: inherit; padding: .4rem .9rem }}
</style>
<h1>{heading}</h1>
<p>{text}</p>
<div>
<button onclick="pywebview.api.answer('stay')" disabled>{stay}</button>
<button onclick="pywebview.api.answer('stop')" disabled>{stop}</button>
<button onclick="pywebview.api.answer('keep')" disabled>{keep}</button>
</div>
<script>
addEventListener("pywebviewready", () => {{
  const buttons = document.querySelectorAll("button");
  for (const button of buttons) button.disabled = false;
  buttons[2].focus();
}});
</script>
"""
)

NETWORK = (
    _HEAD
    + """<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 1.5rem; text-align: center }}
svg {{ background: #fff; max-width: 100%; border-radius: .5rem }}
pre {{ text-align: left; display: inline-block; margin: 0 }}
</style>
<h1>{title}</h1>
<p>{text}</p>
{content}
"""
)

# What a menu entry has to say stands at the top of the page for a while, as the admin's own notices do.
SAY = """(sentence, kind) => {
  const said = document.createElement("p");
  Object.assign(said, { className: `notice notice-${kind}`, textContent: sentence });
  said.setAttribute("role", "status");
  (document.getElementById("main") ?? document.body).prepend(said);
  setTimeout(() => said.remove(), 6000);
}"""

COPY = """((text, copied, refused, say) => navigator.clipboard.writeText(text).then(
  () => say(copied, "good"),
  () => say(refused, "bad"),
))"""


def question() -> str:
    """What is asked before the window closes, in the language spoken."""
    return filled(
        QUESTION,
        title=t("desktop.close_title"),
        heading=t("desktop.close_heading"),
        text=t("desktop.close_text"),
        stay=t("common.cancel"),
        stop=t("desktop.stop"),
        keep=t("desktop.keep"),
    )


def filled(page: str, **values: object) -> str:
    """A page in the language spoken, with its values, which are escaped unless they are Markup."""
    language = spoken()
    return str(Markup(page).format(language=language.tag, direction=language.direction, **values))  # noqa: S704 - ours
