"""The question that a window asks before it closes, in a window of its own with buttons that say what they do."""

from collections.abc import Callable

from admin_ui.desktop import markup
from admin_ui.desktop.aside import Aside
from admin_ui.desktop.closing import Answer
from admin_ui.words import t

SIZE = (600, 250)  # pixels: the buttons stand beside each other in every language


class Question:
    """Asks, as often as the window is closed; `answered` gets what is chosen, `stay` when the question is closed."""

    def __init__(self, answered: Callable[[Answer], None]) -> None:
        self._aside = Aside(SIZE, api=_Api(self), on_top=True)
        self._aside.on_closed = lambda: answered("stay")
        self._answered = answered
        self.end = self._aside.end

    def ask(self) -> None:
        """Show the question."""
        self._aside.show(t("desktop.close_title"), markup.question())

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
