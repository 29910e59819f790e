"""What the page about the installation shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from markupsafe import Markup

from admin_ui.context.deploys import State, deploy_href, deploy_state
from admin_ui.context.log import LogGlance
from admin_ui.told import told
from admin_ui.words import Moment, counted, lasting, moment, said, size, t
from appliance.data_folder import Finding
from appliance.deploys import DeployFacts
from appliance.domains import Base
from appliance.isolation import IsolationFacts
from appliance.room import Room
from appliance.system import SettingFacts, StorageFacts, SystemFacts

SAFETY = {  # by code of a finding
    "backup": "system.backup",
    "backup_old": "system.backup",
    "backup_failed": "system.backup",
    "no_backup": "system.backup",
    "verified": "system.stored",
    "damaged": "system.stored",
    "certificate": "system.certificate",
    "certificate_ends": "system.certificate",
    "certificate_ended": "system.certificate",
    "certificate_unusable": "system.certificate",
}


@dataclass(frozen=True, slots=True)
class Check:
    """Something that has to work, and whether it does."""

    label: str
    state: State
    sentence: str


@dataclass(frozen=True, slots=True)
class Storage:
    """What the data folder holds, in words."""

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
    """The installation; `more` says how many unfinished deploys are not listed. No `storage`: the folder is away."""

    version: str
    running: str
    started: Moment
    checks: Sequence[Check]
    isolation: str
    isolated: State
    folder: str
    storage: Storage | None
    queue: Sequence[Queued]
    more: str
    settings: Sequence[SettingFacts]
    settings_shown: str
    find: str
    news: News | None
    log: LogGlance
    base: Base
    title: str = said("system.title")


def system_page(
    facts: SystemFacts, find: str, news: News | None, log: LogGlance, base: Base, bad_themes: Sequence[str] = ()
) -> SystemPage:
    """From the facts; of the settings those with `find` in name, value or meaning; of each bad theme a sentence."""
    more = facts.queued - len(facts.queue)
    told_of = [replace(setting, about=told(setting.about)) for setting in facts.settings]
    settings = [setting for setting in told_of if _has(setting, find.lower())]
    return SystemPage(
        version=facts.version,
        running=lasting((datetime.now(UTC) - facts.started_at).total_seconds()),
        started=moment(facts.started_at),
        checks=[
            *(_check(name, wrong) for name, wrong in facts.checks.items()),
            *map(_safety, facts.safety),
            *(Check(t("look.theme_label"), _wrong(), sentence) for sentence in bad_themes),
        ],
        isolation=facts.isolation.about,
        isolated=_isolated(facts.isolation),
        folder=str(facts.folder),
        storage=_storage(facts.storage) if facts.storage else None,
        queue=[_queued(deploy) for deploy in facts.queue],
        more=t("system.more", count=more) if more > 0 else "",
        settings=settings,
        settings_shown=counted(len(settings), "setting"),
        find=find,
        news=news,
        log=log,
        base=base,
    )


def _has(setting: SettingFacts, find: str) -> bool:
    return any(find in text.lower() for text in (setting.name, setting.value, setting.about))


def _check(name: str, wrong: str | None) -> Check:
    label = t(f"system.{name}")
    if not wrong:
        return Check(label, _well(), t(f"checks_well.{name}"))
    said = told(wrong)
    return Check(label, _wrong(), f"{said[:1].upper()}{said[1:]}.")


def _safety(finding: Finding) -> Check:
    none = State(t("system.none"), "draft")
    state = _wrong() if finding.severity != "note" else none if finding.code == "no_backup" else _well()
    return Check(t(SAFETY[finding.code]), state, finding.message)


def _isolated(facts: IsolationFacts) -> State:
    return State(t("system.isolated"), "good") if facts.isolated else State(t("system.not_isolated"), "asking")


def _well() -> State:
    return State(t("system.well"), "good")


def _wrong() -> State:
    return State(t("system.wrong"), "failed")


def _storage(facts: StorageFacts) -> Storage:
    return Storage(
        database=size(facts.database.bytes),
        blobs=_room(facts.blobs),
        cache=_room(facts.cache),
        free=size(facts.free),
        measured=moment(facts.measured_at),
    )


def _room(room: Room) -> str:
    key = "system.room" if room.whole else "system.room_more"
    return t(key, size=size(room.bytes), files=counted(room.files, "file"))


def _queued(deploy: DeployFacts) -> Queued:
    return Queued(
        label=t("deploy.title", number=deploy.number, site=deploy.site),
        href=deploy_href(deploy.id),
        state=deploy_state(deploy),
        author=deploy.author or "",
        since=moment(deploy.created_at),
    )
