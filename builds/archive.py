"""Opens an untrusted upload, whatever its kind: told by its first bytes, bounded while unpacking, refused whole."""

from collections.abc import Iterator
from typing import Never

from builds import listing
from builds.errors import BuildError
from builds.inflated import Inflated
from builds.intake import Intake, Onlooker
from builds.multipart_archive import ARCHIVES, boundary_of, unpack_multipart
from builds.refusals import damaged
from builds.source import Source
from builds.streams import Inflate, Stream, decompressor_for
from builds.tar_archive import BLOCK, may_begin, unpack_tar
from builds.values import Plan, Report, Staging, Unpacked
from builds.zip_archive import unpack_zip
from builds.zip_directory import LOCAL_HEADER, find_directory

HEAD = 4096  # bytes; enough to tell any kind
OTHER_ARCHIVES = {b"Rar!\x1a\x07": "RAR", b"7z\xbc\xaf\x27\x1c": "7z", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2"}


def unpack(
    plan: Plan,
    staging: Staging,
    report: Report,
    onlooker: Onlooker | None = None,
    inflated: Inflated | None = None,
) -> Unpacked:
    """Put every file of the upload into `staging` and say what the upload holds.

    Kinds: ZIP, tar, gzip or Zstandard around a tar, a raw `multipart/form-data` body; with `plan.filename` also any
    single file; a plan with a listing names content that is here. Progress is reported as step `unpack`. Raises
    BuildError for an upload that must not be taken; what `staging` holds by then is the caller's to discard. Memory
    stays bounded, whatever the upload is.
    """
    if plan.listing is not None:
        return listing.take(plan, staging, report)
    intake = Intake(plan.limits, staging, report, onlooker, inflated)
    with Source.open(plan.upload) as source:
        boundary = boundary_of(source.read_at(0, HEAD))
        if boundary is None:
            _unpack_one(source, plan.filename, intake)
        else:
            alone = unpack_multipart(source, boundary, intake)
            if alone is not None:
                _unpack_one(alone.content, alone.filename, intake)
    return intake.finish()


def _unpack_one(source: Source, filename: str, intake: Intake) -> None:
    """An archive, or else the one file it is called."""
    if not _unpack_archive(source, intake):
        _refuse_other_archive(source)
        if not filename or filename.lower().endswith(ARCHIVES):
            _refuse_unknown(source)
        intake.begin(source.size)
        with intake.in_order() as receiver:
            receiver.file(filename, intake.watched(source.pieces()))


def _unpack_archive(source: Source, intake: Intake) -> bool:
    """Whether it is an archive; if so it is unpacked."""
    head = source.read_at(0, HEAD)
    if may_begin(head[:BLOCK]):
        _untar(source, None, intake)
        return True
    inflate = decompressor_for(head)
    if inflate is not None and _holds_tar(source, inflate):
        _untar(source, inflate, intake)
        return True
    directory = find_directory(source)  # at the end of the file: anything may precede a ZIP
    if directory is not None:
        unpack_zip(source, directory, intake)
    elif head.startswith(LOCAL_HEADER):
        raise damaged("its end is missing")
    return directory is not None


def _holds_tar(source: Source, inflate: Inflate) -> bool:
    try:
        return may_begin(Stream(inflate(source.pieces())).peek(BLOCK))
    except BuildError as error:
        if error.code != "damaged":
            raise
        return False


def _untar(source: Source, inflate: Inflate | None, intake: Intake) -> None:
    intake.begin(source.size)
    pieces = intake.watched(source.pieces())
    unpack_tar(Stream(pieces if inflate is None else _bounded(inflate(pieces), intake)), intake)


def _bounded(inflated: Iterator[bytes], intake: Intake) -> Iterator[bytes]:
    for chunk in inflated:
        intake.bounds.inflated(len(chunk))
        yield chunk


def _refuse_other_archive(source: Source) -> None:
    """A lone archive that cannot be opened is no site: nobody would find it at the site's address."""
    head = source.read_at(0, 8)
    kind = next((name for begins, name in OTHER_ARCHIVES.items() if head.startswith(begins)), None)
    if kind is not None:
        detail = f"This is an archive of the kind {kind}, which is not opened here: pack what is in it as a ZIP."
        raise BuildError("unknown_format", detail)


def _refuse_unknown(source: Source) -> Never:
    if not source.size:
        raise BuildError("empty", "The upload is empty; choose a file with content and upload it again.")
    taken = "a ZIP, a tar (also .tar.gz and .tar.zst), a form with files in it, or a single file with its name"
    raise BuildError("unknown_format", f"The upload is damaged or of a kind that is not taken; send {taken}.")
