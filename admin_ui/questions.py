"""What is asked before something goes that cannot be had back: by its name, with a button that says so.

A route that takes something away names what it asks (`Route.asks`). The form then comes twice: the first time it is
answered with the question, and with `SURE` it is done.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from quart import request

from admin_ui.context.common import ConfirmPage
from admin_ui.words import t

SURE = "sure"  # a field of forms whose question was answered


@dataclass(frozen=True, slots=True)
class Question:
    """`key` is that of its texts below `sure` in the languages; `back` is where one goes who is not sure.

    `carried` are fields of the form that come along with the answer. They stand in the page: never a secret. For
    `leaves` see `ConfirmPage`.
    """

    key: str
    values: Mapping[str, object]
    back: str
    button: str = "button"
    carried: Mapping[str, str] = field(default_factory=dict)
    leaves: bool = False

    def page(self) -> ConfirmPage:
        """In the language of the visit."""
        return ConfirmPage(
            title=t(f"sure.{self.key}", **self.values),
            text=t(f"sure.{self.key}_text", **self.values),
            action=request.path,
            label=t(f"sure.{self.button}"),
            back=self.back,
            carried=self.carried,
            leaves=self.leaves,
        )


Asks = Callable[..., Awaitable[Question | None]]
"""Gets a Visit and the path's parts as the route's view does; None where nothing would go."""
