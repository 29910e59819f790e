"""What visitors get of a site's files: made smaller, with snippets in their heads, compressed; each content once."""

import base64
import hashlib
import posixpath
import re
from collections.abc import Collection, Container, Iterable, Mapping, Sized
from dataclasses import replace
from urllib.parse import unquote

from builds import compress
from builds.cache import cache_in
from builds.languages import extension_of, language_of
from builds.presses import Presses
from builds.refusals import shown
from builds.values import Note, Staging, StoredFile, Transforms, Unpacked
from builds.workbench import Made, Task, Workbench

MANY = 200  # files with compressed forms, from which on what is made lies in packs until better ones follow
_POLICY = b"'sha"  # as a Content-Security-Policy does
_OTHER_CHARSET = {
    language: re.compile(kind + rb"\s*;\s*charset\s*=\s*[\"']?(?!utf-?8)", re.IGNORECASE)
    for language, kind in {"html": rb"text/html", "css": rb"text/css", "js": rb"/(?:x-)?javascript"}.items()
}

Tasks = dict[str, Task]  # by path
Outcomes = Mapping[str, Made]  # by the task's key


def transform(unpacked: Unpacked, bench: Workbench, wanted: Transforms, headers: Iterable[bytes] = ()) -> Unpacked:
    """The site as visitors get it. Each file remembers its original; what cannot be changed safely stays as it is.

    `headers` are the contents of the files in which the site says what its pages are sent with. Progress is reported as
    part of the step `store`.
    """
    headers = list(headers)
    paths = {file.path for file in unpacked.files}
    tasks = tasks_of(unpacked.files, paths, wanted, bound=are_bound(headers))
    made = bench.make(task for task in tasks.values() if task.language.name == "css")
    tasks = mind_spaces(tasks, made.values(), bench)
    made |= bench.make(task for task in tasks.values() if task.language.name != "css")
    spared = _spare(tasks, made, unpacked, bench.staging)
    made |= bench.make(spared.values())
    tasks |= spared
    files = tuple(_served(file, tasks, made) for file in unpacked.files)
    forms = bench.forms([file for file in files if is_compressed(file, wanted)])
    notes = _notes(tasks.values(), made, otherwise=_in_other_charsets(headers))
    return replace(
        unpacked,
        files=files,
        variants=forms,
        notes=(*unpacked.notes, *notes),
        cache_hits=bench.hits,
        cache_misses=bench.misses,
    )


def open_bench(files: Collection[StoredFile], wanted: Transforms, staging: Staging, presses: Presses) -> Workbench:
    """A workbench for a site of these files."""
    sizes = [file.size for file in files if is_compressed(file, wanted)]
    levels = compress.first(sizes, better_follow=wanted.better_follow)
    packed = wanted.better_follow and len(sizes) >= MANY
    cache = cache_in(wanted.cache, wanted.cache_size)
    return Workbench(staging, cache, presses, wanted.limits, levels, packed=packed)


def are_bound(headers: Iterable[bytes]) -> bool:
    """Whether pages are: the site's own headers name inline scripts or styles by their digest, or their encoding."""
    headers = list(headers)
    return "html" in _in_other_charsets(headers) or any(_POLICY in text for text in headers)


def _in_other_charsets(headers: Iterable[bytes]) -> set[str]:
    """The languages whose files these header rules say are in another encoding than UTF-8."""
    texts = list(headers)
    return {name for name, charset in _OTHER_CHARSET.items() if any(map(charset.search, texts))}


def tasks_of(files: Iterable[StoredFile], paths: Container[str], wanted: Transforms, *, bound: bool) -> Tasks:
    """What is to be done with these of the site's files, all of which have these `paths`; by path.

    Files that stay as they are for sure may still say something about others, as do pages that are `bound`.
    """
    if not (wanted.minify or wanted.snippets):
        return {}
    tasks = {}
    for file in files:
        language = language_of(file.path)
        if language is None or file.size > compress.LARGEST:
            continue
        page, fits = language.name == "html", file.size <= wanted.largest
        kept = ".min." in file.path or f"{file.path}.map" in paths or (page and bound) or not fits
        snippets = wanted.snippets if page and fits else ()
        tasks[file.path] = Task(file, language, wanted.minify and not kept, snippets, is_compressed(file, wanted))
    return tasks


def mind_spaces(tasks: Tasks, sheets: Iterable[Made], bench: Workbench) -> Tasks:
    """Pages in which one of the site's stylesheets, of which these were made, shows every space are not minified."""
    spaces = bench.spaces({name for sheet in sheets for name in sheet.facts.get("spaces", ())})
    pages = {path: task for path, task in tasks.items() if task.language.name == "html" and task.minify}
    shown = {path: task for path, task in pages.items() if spaces.are_shown_in(task.file.sha256)}
    return tasks | {path: replace(task, minify=False) for path, task in shown.items()}


def _spare(tasks: Tasks, made: Outcomes, unpacked: Unpacked, staging: Staging) -> Tasks:
    """Files that were changed but must not be: a page names them by their digest, or their source map is there."""
    named = {digest for outcome in made.values() for digest in outcome.facts.get("digests", ())}
    paths = {file.path for file in unpacked.files}

    def must_stay(path: str, task: Task) -> bool:
        maps = made[task.key].facts.get("map", ())
        if any(_is_there(address, path, paths) for address in maps):
            return True
        return bool(named) and not named.isdisjoint(_digests(staging.read(task.file.sha256)))

    changed = {path: task for path, task in tasks.items() if made[task.key].sha256 != task.file.sha256}
    return {path: replace(task, minify=False, snippets=()) for path, task in changed.items() if must_stay(path, task)}


def _is_there(address: str, path: str, paths: Container[str]) -> bool:
    """Whether a source map can be had: it is in the file itself, elsewhere in the web, or among the site's files."""
    if address.startswith("data:") or "//" in address:
        return True
    plain = unquote(address.partition("?")[0])
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(path), plain))[1:] in paths


def _digests(content: bytes) -> set[str]:
    """Under which names a page may know this content (Subresource Integrity, 3.1)."""
    made = {name: hashlib.new(name, content).digest() for name in ("sha256", "sha384", "sha512")}
    sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return {f"sha1-{sha1}"} | {f"{name}-{base64.b64encode(digest).decode()}" for name, digest in made.items()}


def _served(file: StoredFile, tasks: Tasks, made: Outcomes) -> StoredFile:
    task = tasks.get(file.path)
    outcome = made[task.key] if task else None
    if outcome is None or outcome.sha256 == file.sha256:
        return file
    return StoredFile(file.path, outcome.sha256, outcome.size, file.sha256, file.size)


def is_compressed(file: StoredFile, wanted: Transforms) -> bool:
    """Whether compressed forms of a file are wanted."""
    return compress.SMALLEST <= file.size <= compress.LARGEST and extension_of(file.path) in wanted.compress


def _notes(tasks: Iterable[Task], made: Outcomes, *, otherwise: Container[str]) -> list[Note]:
    """What the author should know: files whose making failed, and those that visitors would see garbled.

    Files in the languages `otherwise` are sent in another encoding.
    """
    outcomes = [(task.file.path, task.language.name, made[task.key]) for task in tasks]
    failed = [(path, outcome.failed) for path, _, outcome in outcomes if outcome.failed]
    looks = [(path, outcome.facts) for path, language, outcome in outcomes if language not in otherwise]
    garbled = [(path, line) for path, facts in looks for line in facts.get("garbled", ())]
    recoded = [(path, name) for path, _, outcome in outcomes for name in outcome.facts.get("recoded", ())]
    return [*_not_optimised(failed), *_not_utf8(garbled), *_recoded(recoded)]


def _not_optimised(failed: list[tuple[str, str]]) -> list[Note]:
    if not failed:
        return []
    path, why = min(failed)
    message = f"“{shown(path)}” could not be optimised ({why}){_and_more(failed)}: it is served as it is."
    return [Note("not_optimised", message, path, len(failed))]


def _not_utf8(garbled: list[tuple[str, str]]) -> list[Note]:
    if not garbled:
        return []
    path, line = min(garbled)
    message = (
        f"“{shown(path)}” is not in UTF-8 (line {line}){_and_more(garbled)}: browsers are told that pages, styles "
        "and scripts are, and show its umlauts and accents garbled. Save it in UTF-8 and upload it again."
    )
    return [Note("not_utf8", message, path, len(garbled))]


def _recoded(files: list[tuple[str, str]]) -> list[Note]:
    if not files:
        return []
    path, encoding = min(files)
    message = f"“{shown(path)}” is in {encoding}{_and_more(files)}: visitors get it in UTF-8, as all pages and styles."
    return [Note("recoded", message, path, len(files))]


def _and_more(found: Sized) -> str:
    return "" if len(found) == 1 else f", and {len(found) - 1} more"
