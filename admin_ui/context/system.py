"""What the page about the installation shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from admin_ui.context.deploys import State, deploy_href, deploy_state
from admin_ui.words import Moment, counted, lasting, moment, size
from appliance.data_folder import Finding
from appliance.deploys import DeployFacts
from appliance.room import Room
from appliance.system import SettingFacts, StorageFacts, SystemFacts

CHECKS = {  # of /readyz: what is looked at, and the sentence when it is well
    "database": ("Database", "It answers."),
    "data_folder": ("Data folder", "It can be written to."),
    "disk_space": ("Disk space", "There is enough left to work with."),
    "queue": ("Queue", "Deploys are worked on."),
}
SAFETY = {  # by code of a finding
    "backup": "Backup",
    "backup_old": "Backup",
    "no_backup": "Backup",
    "verified": "Stored files",
    "damaged": "Stored files",
}
NOTE = State("None", "draft")
WELL, WRONG = State("Well", "good"), State("Not well", "failed")


@dataclass(frozen=True, slots=True)
class Check:
    """Something that has to work, and whether it does."""

    label: str
    state: State
    sentence: str


@dataclass(frozen=True, slots=True)
class Storage:
    """What the data folder holds, in words."""

    folder: str
    database: str
    blobs: str
    cache: str
    free: str
    measured: Moment


@dataclass(frozen=True, slots=True)
class Queued:
    """A deploy that is not finished."""

    label: str
    href: str
    state: State
    author: str
    since: Moment


@dataclass(frozen=True, slots=True)
class News:
    """What a version changed; `body` is safe HTML."""

    title: str
    body: Markup


@dataclass(frozen=True, slots=True)
class SystemPage:
    """The installation; `more` says how many unfinished deploys are not listed."""

    version: str
    running: str
    started: Moment
    checks: Sequence[Check]
    isolation: str
    isolated: State
    storage: Storage
    queue: Sequence[Queued]
    more: str
    settings: Sequence[SettingFacts]
    settings_shown: str
    find: str
    news: News | None
    title: str = "System"


def system_page(facts: SystemFacts, find: str, news: News | None, bad_themes: Sequence[str] = ()) -> SystemPage:
    """From the facts, of which the settings are those with `find` in them; of each bad theme a sentence."""
    more = facts.queued - len(facts.queue)
    return SystemPage(
        version=facts.version,
        running=lasting((datetime.now(UTC) - facts.started_at).total_seconds()),
        started=moment(facts.started_at),
        checks=[
            *(_check(name, wrong) for name, wrong in facts.checks.items()),
            *map(_safety, facts.safety),
            *(Check("Theme", WRONG, sentence) for sentence in bad_themes),
        ],
        isolation=facts.isolation.about,
        isolated=State("Isolated", "good") if facts.isolation.isolated else State("Not isolated", "asking"),
        storage=_storage(facts.storage),
        queue=[_queued(deploy) for deploy in facts.queue],
        more=f"{counted(more, 'deploy')} more" if more > 0 else "",
        settings=facts.settings,
        settings_shown=counted(len(facts.settings), "setting"),
        find=find,
        news=news,
    )


def _check(name: str, wrong: str | None) -> Check:
    label, well = CHECKS[name]
    return Check(label, WRONG, f"{wrong[:1].upper()}{wrong[1:]}.") if wrong else Check(label, WELL, well)


def _safety(finding: Finding) -> Check:
    state = WRONG if finding.severity == "warning" else NOTE if finding.code == "no_backup" else WELL
    return Check(SAFETY[finding.code], state, finding.message)


def _storage(facts: StorageFacts) -> Storage:
    return Storage(
        folder=str(facts.folder),
        database=size(facts.database.bytes),
        blobs=_room(facts.blobs),
        cache=_room(facts.cache),
        free=size(facts.free),
        measured=moment(facts.measured_at),
    )


def _room(room: Room) -> str:
    start = "" if room.whole else "More than "
    return f"{start}{size(room.bytes)} in {counted(room.files, 'file')}"


def _queued(deploy: DeployFacts) -> Queued:
    return Queued(
        label=f"Deploy {deploy.number} of {deploy.site}",
        href=deploy_href(deploy.id),
        state=deploy_state(deploy),
        author=deploy.author or "",
        since=moment(deploy.created_at),
    )
