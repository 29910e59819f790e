"""Rules that an upload brings for another host, or where none are read: its author should know that none is obeyed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from builds.refusals import and_others, shown
from builds.values import Note, Staging, StoredFile, Unpacked

OUR_OWN = frozenset({"_redirects", "_headers", "netlify.toml"})  # who brings one of these at the top knows
OUR_LISTS = ("_redirects", "_headers")  # a `netlify.toml` is carried over
COPIED = ("", "public/", "static/")  # folders of a source whose files generators put at the top of the site
MOST_READ = 256 * 1024  # bytes of a file; such files have a few thousand
MOST_FILES = 100  # that are read

_TOML = "netlify.toml"
_TOML_RULES = re.compile(r"^[ \t]*\[*[ \t]*(?:redirects|headers)\b", re.MULTILINE)
_APACHE = ".htaccess"
_SECTION = re.compile(r"[ \t]*<(/?)Files(?:Match)?\b", re.IGNORECASE)  # of some files only: how long to keep them, say


@dataclass(frozen=True, slots=True)
class _Meant:
    """How a file says that it redirects, rewrites or sets headers, and that it keeps visitors out."""

    rules: re.Pattern[str]
    locks: re.Pattern[str] | None = None


def _lists(*keys: str) -> re.Pattern[str]:
    """One of the keys with something in it; no parser is asked, as some of these files may hold comments."""
    return re.compile(rf'"(?:{"|".join(keys)})"\s*:\s*[\[{{]\s*[^\]}}\s]')


# https://httpd.apache.org/docs/2.4/mod/directives.html, https://vercel.com/docs/project-configuration,
# https://firebase.google.com/docs/hosting/full-config, https://learn.microsoft.com/azure/static-web-apps/configuration,
# https://learn.microsoft.com/iis/configuration/
_FILES = {
    _APACHE: _Meant(
        re.compile(
            r"^[ \t]*(?:Redirect(?:Match|Permanent|Temp)?|RewriteRule|FallbackResource|Header|ErrorDocument)[ \t]"
            r"(?![ \t]*404[ \t]+/404\.html[ \t]*\r?$)",  # that page is found here, too
            re.IGNORECASE | re.MULTILINE,
        ),
        re.compile(
            r"^[ \t]*(?:AuthType[ \t]|AuthUserFile[ \t]|Deny[ \t]+from[ \t]|Require[ \t]+(?!all[ \t]+granted))",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
    "vercel.json": _Meant(_lists("redirects", "rewrites", "headers", "routes")),
    "firebase.json": _Meant(_lists("redirects", "rewrites", "headers")),
    "staticwebapp.config.json": _Meant(
        _lists("routes", "navigationFallback", "responseOverrides", "globalHeaders"),
        re.compile(r'"allowedRoles"\s*:\s*\[\s*"(?!anonymous")'),
    ),
    "web.config": _Meant(
        re.compile(r"<(?:rewrite|httpRedirect|customHeaders)\b"), re.compile(r"<(?:authorization|ipSecurity)\b")
    ),
}


def with_notes(site: Unpacked, source: Unpacked, base: str, staging: Staging) -> Unpacked:
    """The site with notes of the rules in its source that it does not get; the source of most is the site itself.

    `base` is the folder of the source that the site was found in or built from, "" for the top.
    """
    read = [(file.path, *_meaning(file, staging)) for file in _candidates(site, source, base)]
    rules = [path for path, has_rules, _ in read if has_rules]
    locks = [path for path, _, has_locks in read if has_locks]
    if any(file.path in OUR_OWN for file in site.files):
        rules = []
    found = (*_misplaced(site, staging), *_left_behind(site, source, base), *_rules(rules), *_locks(locks))
    return replace(site, notes=(*site.notes, *found))


def _misplaced(site: Unpacked, staging: Staging) -> list[Note]:
    """Ours, but in a folder or in other letters, so that it is a file like any other; one may only be about a build."""
    alike = [file for file in site.files if file.path.lower().endswith(_TOML)]
    meant = [file for file in alike if file.path != _TOML and file.path.lower().rpartition("/")[2] == _TOML]
    paths = [file.path for file in _read(meant) if _TOML_RULES.search(_text(file, staging))]
    if not paths:
        return []
    path = shown(paths[0])
    message = f"{path} holds no rules and is a file that visitors can read: rules are read from {_TOML} at the top."
    return [Note("rules_misplaced", message, paths[0], len(paths))]


def _left_behind(site: Unpacked, source: Unpacked, base: str) -> list[Note]:
    """Ours, but beside the source of a site that has none: somebody may rely on a lock in it."""
    here, made = {file.path for file in source.files}, {file.path for file in site.files}
    tops = dict.fromkeys((f"{base}/" if base else "", ""))
    paths = [top + name for name in OUR_LISTS if name not in made for top in tops if top + name in here]
    if not paths:
        return []
    message = (
        f"“{shown(paths[0])}”{and_others(len(paths))} has no effect, as it is not in the folder that became the site: "
        "put it there, or where the build copies files from, such as public/ or static/."
    )
    return [Note("rules_left_behind", message, paths[0], len(paths))]


def _candidates(site: Unpacked, source: Unpacked, base: str) -> list[StoredFile]:
    """Files that may hold such rules; Apache's hold in any folder, but of a source only some become the site's."""
    above = f"{base}/" if base else ""
    folders = {top + folder for top in ("", above) for folder in (COPIED if site.generator else ("",))}
    wanted = {folder + name for folder in folders for name in _FILES}
    inner = () if site.generator else _apaches(source, above)
    found = {file.path: file for file in (*source.files, *source.hidden) if file.path in wanted}
    found |= {file.path: file for file in inner}
    return _read(found.values())


def _read(files: Iterable[StoredFile]) -> list[StoredFile]:
    """Those that are worth reading, the uppermost first."""
    readable = [file for file in files if file.size <= MOST_READ]
    return sorted(readable, key=lambda file: (file.path.count("/"), file.path))[:MOST_FILES]


def _text(file: StoredFile, staging: Staging) -> str:
    return staging.read(file.sha256).decode("utf-8", "replace")


def _apaches(source: Unpacked, above: str) -> Iterable[StoredFile]:
    hidden = (file for file in source.hidden if file.path.startswith(above))
    return (file for file in hidden if file.path.rpartition("/")[2] == _APACHE)


def _meaning(file: StoredFile, staging: Staging) -> tuple[bool, bool]:
    """Whether a file holds rules, and whether it keeps visitors out."""
    name = file.path.rpartition("/")[2]
    text = _text(file, staging)
    if name == _APACHE:
        text = "\n".join(_outside_sections(text))
    meant = _FILES[name]
    return meant.rules.search(text) is not None, meant.locks is not None and meant.locks.search(text) is not None


def _outside_sections(text: str) -> Iterator[str]:
    depth = 0
    for line in text.splitlines():
        section = _SECTION.match(line)
        if section is None and depth == 0:
            yield line
        elif section is not None:
            depth = max(depth + (-1 if section[1] else 1), 0)


def _rules(paths: list[str]) -> list[Note]:
    if not paths:
        return []
    message = (
        f"“{shown(paths[0])}”{and_others(len(paths))} holds rules for another host, which have no effect here: "
        "redirects and headers are read from _redirects, _headers and netlify.toml at the top."
    )
    return [Note("rules_elsewhere", message, paths[0], len(paths))]


def _locks(paths: list[str]) -> list[Note]:
    if not paths:
        return []
    message = (
        f"“{shown(paths[0])}”{and_others(len(paths))} keeps visitors out at another host, but nobody here: "
        "give the site a gate, or lock paths with Basic-Auth in _headers at the top."
    )
    return [Note("locks_elsewhere", message, paths[0], len(paths))]
