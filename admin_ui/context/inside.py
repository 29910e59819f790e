"""What the pages show that look into a deploy: its files as a tree, its rules, and why an address is answered so."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from admin_ui.context.common import Pager, pager, readable
from admin_ui.context.deploys import Problem, deploy_href, problems, site_href
from admin_ui.words import counted, size, t
from appliance.deploys import DeployFacts
from appliance.deploys.inside import FileFacts, FilesFacts
from appliance.storage.manifest import Found, Options
from appliance.storage.rules import HeaderBlock, Redirect, Rules

FILES_PER_PAGE = 300
RULES_PER_PAGE = 200
DEEPEST = 12  # folders in one another; what is deeper stands in the last of them with the rest of its path
FEW = 60  # files that are seen at a glance: their folders stand open
RULE_FILES = ("_redirects", "_headers", "netlify.toml")


@dataclass(frozen=True, slots=True)
class Heading:
    """Which deploy is looked into; each page has it."""

    title: str
    site: str
    site_href: str
    number: int
    href: str


def heading(deploy: DeployFacts, key: str) -> Heading:
    """For a page that is titled by the text of this key."""
    title = t(key, number=deploy.number)
    return Heading(title, deploy.site, site_href(deploy.site), deploy.number, deploy_href(deploy.id))


@dataclass(frozen=True, slots=True)
class File:
    """A file in the tree, by the end of its path."""

    name: str
    url: str
    size: str
    type: str
    codings: str
    note: str


@dataclass(slots=True)
class Folder:
    """A folder in the tree; `about` is of all that is in it, also what is on other pages."""

    name: str
    about: str = ""
    is_open: bool = False
    folders: list["Folder"] = field(default_factory=list)
    files: list[File] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FilesPage:
    """A page of a deploy's files."""

    title: str
    heading: Heading
    find: str
    summary: str
    tree: Folder
    pages: Pager


def files_page(deploy: DeployFacts, facts: FilesFacts, find: str, page: int) -> FilesPage:
    """From some of its files."""
    head = heading(deploy, "files.title")
    return FilesPage(
        title=head.title,
        heading=head,
        find=find,
        summary=f"{counted(facts.total, 'file')}, {size(facts.bytes)}",
        tree=_tree(deploy, facts, is_open=bool(find) or len(facts.files) <= FEW),
        pages=pager(f"{head.href}/files", page, facts.total, FILES_PER_PAGE, urlencode({"find": find} if find else {})),
    )


def _tree(deploy: DeployFacts, facts: FilesFacts, *, is_open: bool) -> Folder:
    root = Folder("")
    known = {"": root}
    for file in facts.files:
        *folders, _ = file.path.split("/")
        above, path = root, ""
        for name in folders[:DEEPEST]:
            path = f"{path}/{name}".lstrip("/")
            if path not in known:
                count, total = facts.folders[path]
                known[path] = Folder(readable(name), f"{counted(count, 'file')}, {size(total)}", is_open)
                above.folders.append(known[path])
            above = known[path]
        above.files.append(_file(deploy, file, file.path[len(path) :].lstrip("/")))
    return root


def _file(deploy: DeployFacts, file: FileFacts, name: str) -> File:
    notes = [t("files.kept_as", size=size(file.kept))] if file.made else []
    notes += [t("files.immutable")] if file.immutable else []
    href = f"{deploy_href(deploy.id)}/explain?{urlencode({'url': '/' + file.path}, errors='replace')}"
    codings = ", ".join(f"{coding} {size(count)}" for coding, count in file.codings.items())
    return File(readable(name), href, size(file.bytes), file.type.partition(";")[0], codings, ", ".join(notes))


@dataclass(frozen=True, slots=True)
class Rule:
    """A redirect as it is obeyed; `problems` are those of its line."""

    place: str
    path: str
    to: str
    status: str
    conditions: str
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of header fields as it is obeyed."""

    place: str
    path: str
    fields: list[str]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class RulesPage:
    """A deploy's rules; `options` are how it was made to answer, `problems` what was found in its rule files."""

    title: str
    heading: Heading
    options: Sequence[tuple[str, str]]
    redirects: list[Rule]
    redirects_count: str
    blocks: list[Block]
    blocks_count: str
    locks: list[str]
    problems: list[Problem]
    pages: Pager


def rules_page(deploy: DeployFacts, rules: Rules, options: Options, page: int) -> RulesPage:
    """From its rules, a page of each kind at a time."""
    head = heading(deploy, "rules.title")
    found = [one for one in deploy.problems if one.path in RULE_FILES]
    start, end = (page - 1) * RULES_PER_PAGE, page * RULES_PER_PAGE
    longest = max(len(rules.redirects), len(rules.headers))
    return RulesPage(
        title=head.title,
        heading=head,
        options=_options(options),
        redirects=[_redirect(one, found) for one in rules.redirects[start:end]],
        redirects_count=counted(len(rules.redirects), "redirect"),
        blocks=[_block(one, found) for one in rules.headers[start:end]],
        blocks_count=counted(len(rules.headers), "block"),
        locks=[f"{lock.path} ({counted(len(lock.users), 'user')})" for lock in rules.locks],
        problems=problems(found),
        pages=pager(f"{head.href}/rules", page, longest, RULES_PER_PAGE),
    )


def _options(options: Options) -> list[tuple[str, str]]:
    return [
        (t("rules.dialect"), {"netlify": "Netlify", "cloudflare": "Cloudflare Pages"}[options.dialect]),
        (t("rules.html"), t(f"html_modes.{options.html}")),
        (t("rules.spa"), t("rules.yes") if options.spa else t("rules.no")),
        (t("rules.capitals"), t("rules.any_case") if options.any_case else t("rules.exact_case")),
    ]


def _redirect(rule: Redirect, found: Sequence[Found]) -> Rule:
    where = f"https://{rule.host}{rule.path}" if rule.host else rule.path
    query = [f"{key}={value}" for key, value in rule.query]
    conditions = [f"{name}={','.join(values)}" for name, values in rule.conditions]
    said = [*conditions, *([t("rules.if_there")] if rule.if_there else [])]
    return Rule(
        place=f"{rule.file}:{rule.line}",
        path=" ".join([where, *query]),
        to=rule.to,
        status=f"{rule.status}{'!' if rule.force else ''}",
        conditions=" ".join(said),
        problems=_of_line(found, rule.file, rule.line),
    )


def _block(block: HeaderBlock, found: Sequence[Found]) -> Block:
    where = f"https://{block.host}{block.path}" if block.host else block.path
    fields = [f"{name}: {value}" for name, value in block.fields] + [f"! {name}" for name in block.drop]
    return Block(f"{block.file}:{block.line}", where, fields, _of_line(found, block.file, block.line))


def _of_line(found: Sequence[Found], file: str, line: int) -> list[str]:
    return [one.message for one in found if (one.path, one.line) == (file, line)]
