"""The question that a window asks before it closes, in a window of its own with buttons that say what they do."""

from collections.abc import Callable

from admin_ui.desktop.aside import Aside
from admin_ui.desktop.closing import Answer

TITLE = "Close Dropdock?"
SIZE = (480, 250)  # pixels

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Close Dropdock?</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1.25rem }
h1 { font-size: 1.15rem; margin: 0 0 .5rem }
p { margin: 0 0 1rem }
div { display: flex; gap: .5rem; flex-wrap: wrap; justify-content: flex-end }
button { font: inherit; padding: .4rem .9rem }
</style>
<h1>Keep your sites online?</h1>
<p>Dropdock can go on in the background; start it again to get this window back.
When it stops, your sites cannot be reached.</p>
<div>
<button onclick="pywebview.api.answer('stay')" disabled>Cancel</button>
<button onclick="pywebview.api.answer('stop')" disabled>Stop Dropdock</button>
<button onclick="pywebview.api.answer('keep')" disabled>Keep running</button>
</div>
<script>
addEventListener("pywebviewready", () => {
  const buttons = document.querySelectorAll("button");
  for (const button of buttons) button.disabled = false;
  buttons[2].focus();
});
</script>
"""


class Question:
    """Asks, as often as the window is closed; `answered` gets what is chosen, `stay` when the question is closed."""

    def __init__(self, answered: Callable[[Answer], None]) -> None:
        self._aside = Aside(TITLE, SIZE, api=_Api(self), on_top=True)
        self._aside.on_closed = lambda: answered("stay")
        self._answered = answered
        self.end = self._aside.end

    def ask(self) -> None:
        """Show the question."""
        self._aside.show(_PAGE)

    def chosen(self, answer: Answer) -> None:
        """One of the buttons was pressed."""
        self._aside.hide()
        self._answered(answer)


class _Api:
    """What the question's page may call: pywebview offers it whatever has no underscore before its name."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def answer(self, chosen: Answer) -> None:
        """One of the buttons was pressed."""
        self._question.chosen(chosen)
