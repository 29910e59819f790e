"""What the page of the queue shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from admin_ui.context.common import Pager, pager
from admin_ui.context.deploys import State, cancel_act, deploy_href, deploy_state, site_href
from admin_ui.words import Moment, moment, said, t
from appliance.deploys import DeployFacts, QueueFacts

QUEUE = "/queue"


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A deploy that is not finished, or that failed; `step` is what is being done, `why` what went wrong."""

    label: str
    href: str
    site: str
    site_href: str
    author: str
    message: str
    state: State
    step: str
    since: Moment
    cancel: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class QueuePage:
    """The queue. `asking` says that some wait for an answer, `failures` that more failed than are listed."""

    rows: Sequence[QueueRow]
    pages: Pager
    count: str
    asking: str
    failed: Sequence[QueueRow]
    failures: str
    title: str = said("queue.title")


def queue_page(facts: QueueFacts, page: int) -> QueuePage:
    """From the facts of a page."""
    return QueuePage(
        rows=[_row(deploy, deploy.created_at) for deploy in facts.deploys],
        pages=pager(QUEUE, page, facts.total),
        count=t("queue.count", count=facts.total),
        asking=t("queue.asking", count=facts.asking) if facts.asking else "",
        failed=[_row(deploy, deploy.finished_at or deploy.created_at) for deploy in facts.failed],
        failures=t("queue.failures", count=facts.failures) if facts.failures else "",
    )


def _row(deploy: DeployFacts, since: datetime) -> QueueRow:
    act = cancel_act(deploy)
    running = next((step.name for step in deploy.steps if step.state == "running"), "")
    return QueueRow(
        label=t("common.deploy", number=deploy.number),
        href=deploy_href(deploy.id),
        site=deploy.site,
        site_href=site_href(deploy.site),
        author=deploy.author or t("common.gone"),
        message=deploy.message,
        state=deploy_state(deploy),
        step=t(f"scripts.steps.{running}") if running else "",
        since=moment(since),
        cancel=act.href if act else "",
        why=deploy.error.detail if deploy.error else "",
    )
