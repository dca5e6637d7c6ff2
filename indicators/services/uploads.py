"""
Take files of events from people: kept, mapped, rehearsed, imported, removed.

A person gives a file and says how its rows become events; workers do the rest, in
batches. A batch of events and what it did to the file's counts are one transaction,
so that a worker may die at any point: the next one goes on behind the last batch.
Nobody holds a file for longer than a batch, and who finds that it moved on stops.
"""

import hashlib
import re
import secrets
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from django.db import transaction

from accounts.models import User
from core import audit
from core.jobs import enqueue_on_commit
from indicators.enums import FileState
from indicators.models import (
    EventFile,
    FileRefusal,
    SavedMapping,
    Stream,
)
from indicators.queries.pseudonyms import UnknownSecretError, pseudonyms_of
from indicators.services.files import checked_lines, next_batch
from indicators.services.guessing import Declared, Guess, guess
from indicators.services.intake import (
    FIELDS,
    UNSTORABLE,
    Receipt,
    Refusal,
    Rehearsal,
    record,
    without_data,
)
from indicators.services.mapping import FileMapping, MappingError
from indicators.services.samples import Sample, kind_of, sample_of
from indicators.services.tables import FileError, Lines

# How long the content of a file is kept after the last step that somebody took.
KEPT = timedelta(days=7)
ABANDONED = timedelta(days=1)
MOST_EVENTS = 1_000_000
MOST_ATTEMPTS = 5
SHOWN = 10
PREVIEWED = 30
LONGEST_NAME = 200
AT_WORK = (FileState.CHECKING, FileState.IMPORTING)
MAPPABLE = (FileState.NEW, FileState.CHECKED, FileState.FAILED)
IMPORTABLE = (FileState.CHECKED, FileState.DONE)
# A text of the file, as a reason repeats it.
QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|["](?:[^"\\]|\\.)*["]""")
CONFLICT = "conflict"
LACKS_KEY = (
    "the server lacks the secret that makes this feed's case numbers unreadable "
    "(CASE_SECRETS): whoever runs it must put it back"
)


class UploadError(ValueError):
    """A file that is not taken; :attr:`code` says why: kind, empty or size."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class WrongStateError(ValueError):
    """Somebody, or a worker, was quicker: the file is not where this step begins."""


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line of a file, with the events that it would become and what is refused."""

    line: int
    events: list[dict[str, Any]]
    refusals: list[Refusal]


def event_files() -> FileSystemStorage:
    """Return where files of events are kept: out of the web server's reach."""
    return FileSystemStorage(
        location=settings.UPLOADS_ROOT,
        file_permissions_mode=0o600,
        directory_permissions_mode=0o700,
    )


# --- what people do ---------------------------------------------------------------


def receive_file(
    *, stream: Stream, name: str, content: "File[bytes]", by: User, at: datetime
) -> EventFile:
    """
    Keep a file that somebody gives.

    :param name: as the person's machine calls it; its ending says what it is.
    :raises UploadError: if it is not of a kind that is read, empty or too large.
    """
    try:
        kind_of(name)
    except FileError as error:
        raise UploadError("kind") from error
    if not content.size:
        raise UploadError("empty")
    if content.size > settings.UPLOAD_MAX_BYTES:
        raise UploadError("size")
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    suffixes = "".join(Path(name.lower()).suffixes[-2:])
    ending = suffixes if suffixes.endswith(".gz") else Path(name.lower()).suffix
    storage = event_files()
    kept = storage.save(f"{secrets.token_hex(16)}{ending}", content)
    try:
        return EventFile.objects.create(
            organisation_id=stream.organisation_id,
            stream=stream,
            name=UNSTORABLE.sub("", name)[-LONGEST_NAME:],
            content=kept,
            size=content.size,
            digest=digest.hexdigest(),
            uploaded_by=by,
            uploaded_at=at,
            changed_at=at,
        )
    except BaseException:
        storage.delete(kept)
        raise


@transaction.atomic
def order_rehearsal(
    *, file: EventFile, mapping: FileMapping | None, at: datetime
) -> None:
    """
    Settle how the rows of a file become events, and have it rehearsed.

    :param mapping: none if the file needs none.
    :raises WrongStateError: if it is being worked on, imported or removed.
    """
    _step(
        file,
        MAPPABLE,
        state=FileState.CHECKING,
        mapping=mapping.to_toml() if mapping else "",
        rehearsed=None,
        changed_at=at,
    )
    enqueue_on_commit("indicators.take_file", file_id=file.pk)


@transaction.atomic
def order_import(*, file: EventFile, by: User, at: datetime) -> None:
    """
    Have a file imported that was rehearsed, or once more one that was imported.

    :raises WrongStateError: if it is neither.
    """
    FileRefusal.objects.filter(file=file).delete()
    _step(
        file,
        IMPORTABLE,
        state=FileState.IMPORTING,
        imported_by=by,
        changed_at=at,
        read=0,
        recorded=0,
        replayed=0,
        refused=0,
    )
    _audit("indicators.order_import", file, by.pk, at)
    enqueue_on_commit("indicators.take_file", file_id=file.pk)


@transaction.atomic
def discard(*, file: EventFile, by: User, at: datetime) -> None:
    """
    Remove the content of a file, and its refusals, before its time.

    :raises WrongStateError: if it is being worked on, or has been removed.
    """
    done = file.state == FileState.DONE
    states = (FileState.DONE,) if done else MAPPABLE
    _step(file, states, changed_at=at)
    _remove_content(file)
    _audit("indicators.discard_file", file, by.pk, at)


@transaction.atomic
def save_mapping(
    *, stream: Stream, name: str, mapping: FileMapping, by: User, at: datetime
) -> SavedMapping:
    """Keep a mapping for the next file; it takes the place of one of the same name."""
    saved, _new = SavedMapping.objects.update_or_create(
        organisation_id=stream.organisation_id,
        stream=stream,
        name=name,
        defaults={
            "mapping": mapping.to_toml(),
            "columns": mapping.columns(),
            "saved_at": at,
        },
    )
    audit.record(
        verb="indicators.save_mapping",
        subject=stream.code,
        organisation_id=stream.organisation_id,
        actor_id=by.pk,
        at=at,
        name=name,
    )
    return saved


def _step(file: EventFile, states: tuple[FileState, ...], **changes: Any) -> None:
    """Take a file one step on, unless it has gone elsewhere meanwhile."""
    rows = EventFile.objects.filter(pk=file.pk, state__in=states).exclude(content="")
    if not rows.update(failure="", attempts=0, **changes):
        raise WrongStateError
    file.refresh_from_db()


def _audit(
    verb: str, file: EventFile, actor_id: int | None, at: datetime, **counts: int
) -> None:
    # Without its name: people call their files as they like.
    audit.record(
        verb=verb,
        subject=f"{file.stream.code} {file.pk}",
        organisation_id=file.organisation_id,
        actor_id=actor_id,
        at=at,
        sha256=file.digest,
        **counts,
    )


# --- what people are shown --------------------------------------------------------


def path_of(file: EventFile) -> Path:
    """Return where the content of a file is."""
    return Path(event_files().path(file.content))


def read_sample(file: EventFile, *, encoding: str = "", delimiter: str = "") -> Sample:
    """
    Return the first rows of a file.

    :raises FileError: if it cannot be read.
    """
    return sample_of(
        path_of(file),
        types=file.stream.types,
        encoding=encoding,
        delimiter=delimiter,
    )


def guess_mapping(file: EventFile, sample: Sample) -> Guess:
    """Guess how the rows of a file become events of its stream."""
    stream = file.stream
    return guess(
        sample.header,
        sample.rows,
        Declared(
            types=tuple(stream.types),
            attributes=tuple(stream.attributes),
            zone=ZoneInfo(stream.time_zone),
            allowed=frozenset(stream.personal_allowed),
        ),
        encoding=sample.encoding,
        delimiter=sample.delimiter,
    )


def preview(
    *, file: EventFile, mapping: FileMapping, at: datetime
) -> list[PreviewLine]:
    """
    Return the first lines of a file as the events that they would become.

    :raises FileError: if it cannot be read.
    :raises MappingError: if the columns do not fit, or look like personal data.
    :raises indicators.queries.pseudonyms.UnknownSecretError: if case numbers should
        become unreadable and the secret for that is not here.
    """
    with closing(checked_lines(path_of(file), mapping, file.stream)) as lines:
        first = list(islice(lines, PREVIEWED))
    receipt = Rehearsal(stream=file.stream, at=at).record(first)
    found: dict[int, PreviewLine] = {}
    for line, event in first:
        shown = found.setdefault(line, PreviewLine(line, [], []))
        if isinstance(event, dict):
            shown.events.append(event)
    for refusal in receipt.refused:
        found[refusal.line].refusals.append(refusal)
    return list(found.values())[:SHOWN]


# --- what workers do --------------------------------------------------------------


def waiting_files() -> list[int]:
    """Return the files that wait for a worker, or whose worker may have died."""
    rows = EventFile.objects.filter(state__in=AT_WORK).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def take_up(*, file_id: int, at: datetime) -> None:
    """
    Rehearse or import a file, whatever is due; do nothing if another worker does.

    An import goes on where it was broken off, a rehearsal begins anew.
    """
    file = _taken(file_id)
    if file is None:
        return
    try:
        mapping = FileMapping.from_toml(file.mapping) if file.mapping else None
        with closing(checked_lines(path_of(file), mapping, file.stream)) as lines:
            _work(file, lines, at)
    except (FileError, MappingError) as error:
        # Whoever reads this knows the file by another name.
        _fail(file, without_data(str(error).replace(str(path_of(file)), file.name)))
    except UnknownSecretError:
        # Trying again finds it no better. Which secret it is tells a steward nothing.
        _fail(file, LACKS_KEY)


def _fail(file: EventFile, why: str) -> None:
    EventFile.objects.filter(pk=file.pk, state__in=AT_WORK).update(
        state=FileState.FAILED, failure=why
    )


def _taken(file_id: int) -> EventFile | None:
    with transaction.atomic():
        file = _held(file_id)
        if file is None:
            return None
        file.attempts += 1
        if file.attempts > MOST_ATTEMPTS:
            file.state = FileState.FAILED
            file.failure = "reading this file stopped the server again and again"
        elif file.state == FileState.CHECKING:
            FileRefusal.objects.filter(file=file).delete()
            file.read = file.recorded = file.replayed = file.refused = 0
        file.save()
    return None if file.state == FileState.FAILED else file


def _held(file_id: int) -> EventFile | None:
    """Return a file that is to be worked on, held; none if another worker holds it."""
    return (
        EventFile.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("stream")
        .filter(pk=file_id, state__in=AT_WORK)
        .first()
    )


def _work(file: EventFile, lines: Lines, at: datetime) -> None:
    """Work on a file batch by batch, for as long as no other worker does."""
    rehearsal = None
    if file.state == FileState.CHECKING:
        rehearsal = _FileRehearsal(Rehearsal(stream=file.stream, at=at))
    for _line in islice(lines, file.read):  # what an earlier worker has done
        pass
    done, state, more = file.read, file.state, True
    while more:
        with transaction.atomic():
            held = _held(file.pk)
            if held is None or held.read != done or held.state != state:
                return
            batch = next_batch(lines, Receipt(held.read, held.recorded))
            more = bool(batch)
            if not batch:
                _finish(held, rehearsal, at)
            elif rehearsal:
                _count(held, rehearsal.record(batch))
            else:
                _count(held, record(stream=held.stream, lines=batch, at=at))
            done = held.read


class _FileRehearsal:
    """A rehearsal that remembers the first events of each outcome."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.firsts: dict[str, list[dict[str, Any]]] = {"new": [], "known": []}

    def record(self, batch: list[Any]) -> Receipt:
        receipt = self.rehearsal.record(batch)
        for name, events in (
            ("new", self.rehearsal.new),
            ("known", self.rehearsal.known),
        ):
            firsts = self.firsts[name]
            firsts += [
                {
                    "line": event.line,
                    "case": event.case,
                    "type": event.type,
                    "at": event.stamp,
                }
                for event in events[: SHOWN - len(firsts)]
            ]
        return receipt


def _count(file: EventFile, receipt: Receipt) -> None:
    kept = _Kept(file)
    FileRefusal.objects.bulk_create(
        FileRefusal(
            organisation_id=file.organisation_id,
            file=file,
            line=refusal.line,
            external_id=kept.name(refusal.id),
            code=refusal.code,
            detail=kept.detail(refusal.detail),
        )
        for refusal in receipt.refused
    )
    file.read += receipt.received
    file.recorded += receipt.recorded
    file.replayed += receipt.replayed
    file.refused += len(receipt.refused)
    if file.state == FileState.IMPORTING:
        file.attempts = 0  # it gets on, and never goes back
    if file.state == FileState.CHECKING and file.read > MOST_EVENTS:
        msg = f"the file has more than {MOST_EVENTS} events: share it out among several"
        raise FileError(msg)
    file.save()


def _finish(file: EventFile, rehearsal: _FileRehearsal | None, at: datetime) -> None:
    file.attempts = 0
    file.changed_at = at
    if rehearsal:
        conflicts = FileRefusal.objects.filter(file=file, code=CONFLICT).count()
        file.state = FileState.CHECKED
        file.rehearsed = {
            "received": file.read,
            "recorded": file.recorded,
            "replayed": file.replayed,
            "conflicts": conflicts,
            "refused": file.refused - conflicts,
            **rehearsal.firsts,
        }
    else:
        file.state = FileState.DONE
        _audit(
            "indicators.import_file",
            file,
            file.imported_by_id,
            at,
            received=file.read,
            recorded=file.recorded,
            replayed=file.replayed,
            refused=file.refused,
        )
    file.save()


class _Kept:
    """What is kept of a refusal: of a stream with pseudonyms, none of its numbers."""

    def __init__(self, file: EventFile) -> None:
        stream = file.stream
        self._pseudonym = pseudonyms_of(stream)
        self._known = FIELDS.union(stream.types, stream.attributes)
        if file.mapping:
            self._known |= {*FileMapping.from_toml(file.mapping).columns()}

    def name(self, name: str | None) -> str:
        kept = UNSTORABLE.sub("\ufffd", name or "")[:LONGEST_NAME]
        return self._pseudonym(kept) if self._pseudonym and kept else kept

    def detail(self, detail: str) -> str:
        if self._pseudonym:
            detail = QUOTED.sub(self._unless_known, detail)
        return without_data(detail)

    def _unless_known(self, found: re.Match[str]) -> str:
        return found[0] if found[0][1:-1] in self._known else "…"


def prune(*, at: datetime) -> int:
    """
    Remove the content of files that nobody has touched for :data:`KEPT`.

    Also what an upload left that was cut off before it was noted down.

    :returns: how many were removed.
    """
    old = EventFile.objects.filter(changed_at__lt=at - KEPT).exclude(content="")
    removed = 0
    for pk in old.exclude(state__in=AT_WORK).values_list("pk", flat=True):
        with transaction.atomic():
            file = (
                EventFile.objects.select_for_update(of=("self",))
                .exclude(state__in=AT_WORK)
                .filter(pk=pk, changed_at__lt=at - KEPT)
                .first()
            )
            if file is not None:
                _remove_content(file)
                removed += 1
    return removed + _prune_abandoned(at)


def _prune_abandoned(at: datetime) -> int:
    storage = event_files()
    if not storage.exists(""):
        return 0
    names = storage.listdir("")[1]
    known = set(
        EventFile.objects.filter(content__in=names).values_list("content", flat=True)
    )
    lost = [
        name
        for name in names
        if name not in known and storage.get_modified_time(name) < at - ABANDONED
    ]
    for name in lost:
        storage.delete(name)
    return len(lost)


def _remove_content(file: EventFile) -> None:
    """Forget the content of a file, once the transaction is safe."""
    name = file.content
    FileRefusal.objects.filter(file=file).delete()
    file.content = ""
    if file.state != FileState.DONE:
        file.state = FileState.REMOVED
    file.save(update_fields=["content", "state"])
    transaction.on_commit(partial(event_files().delete, name))
