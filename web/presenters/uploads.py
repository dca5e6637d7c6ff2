"""Files of events in the reader's words: how far they are, and what was refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from indicators.enums import FileState
from indicators.models import EventFile, FileRefusal
from indicators.queries.uploads import first_refusals
from indicators.services.guessing import Column
from indicators.services.intake import Refusal
from indicators.services.uploads import AT_WORK, SHOWN, PreviewLine
from web.presenters.handling import instant_words
from web.presenters.numbers import number

TONES = {
    FileState.NEW: ("warn", "draft"),
    FileState.CHECKING: ("info", "clock"),
    FileState.CHECKED: ("warn", "review"),
    FileState.IMPORTING: ("info", "clock"),
    FileState.DONE: ("good", "met"),
    FileState.FAILED: ("bad", "unmet"),
    FileState.REMOVED: ("quiet", "withdrawn"),
}
# Why a line is refused. What exactly it says there stands in the list of errors.
REASONS = {
    "missing_case": _("it does not say which case it is of"),
    "missing_type": _("it does not say what happened"),
    "missing_at": _("it has no date"),
    "missing_id": _("it has no identifier"),
    "bad_case": _("the name of the case is too long"),
    "bad_type": _("the type of event is too long"),
    "bad_id": _("the identifier is too long"),
    "bad_replaces": _("it does not say rightly which event it replaces"),
    "bad_instant": _("its date cannot be read"),
    "naive_instant": _("its date does not say its time zone"),
    "in_future": _("its date has not come yet"),
    "bad_value": _("its value is no number"),
    "bad_attributes": _("one of its attributes cannot be read"),
    "wrong_width": _("it has more or fewer cells than the first line"),
    "bad_json": _("it is no JSON"),
    "not_an_object": _("it is no JSON object"),
    "unknown_field": _("it has a field that events do not have"),
    "unknown_type": _("the feed does not declare this type of event"),
    "unknown_attribute": _("the feed does not declare this attribute"),
    "personal_data": _("something in it looks like personal data"),
    "conflict": _("this event is recorded already, and says something else"),
    "replaces_itself": _("it replaces itself"),
    "replaces_unknown": _("the event that it replaces is not there"),
    "already_replaced": _("the event that it replaces was replaced by another"),
}
KINDS = {
    "name": _("name"),
    "e-mail address": _("e-mail address"),
    "telephone number": _("telephone number"),
    "address": _("address"),
    "identity number": _("identity number"),
    "bank account": _("bank account"),
    "date of birth": _("date of birth"),
}


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file in the list of a feed's files."""

    pk: int
    name: str
    size: str
    when: str
    who: str
    state: str
    tone: str
    icon: str
    outcome: str


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """A line that is refused, and why."""

    line: int
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event that a file would record, or has that is known."""

    line: int
    case: str
    type: str
    when: str
    extras: str = ""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A line of a file as the events that it would become, or why it does not."""

    line: int
    events: tuple[EventRow, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A column of a file, with examples, or why it is not read."""

    name: str
    refused: str
    samples: str


@dataclass(frozen=True, slots=True)
class FileView:
    """
    A file and how far it is.

    :ivar total: how many events it has, as far as is known; nothing before the check.
    :ivar tiles: numbers of what became of it or would: label, number, tone.
    """

    row: FileRow
    state: str
    at_work: bool
    done: str
    read: int
    total: int | None
    tiles: tuple[tuple[str, str, str], ...]
    new: tuple[EventRow, ...]
    known: tuple[EventRow, ...]
    conflicts: tuple[ReasonRow, ...]
    refused: tuple[ReasonRow, ...]
    refusals: int
    nothing_new: bool
    failure: str
    digest: str
    kept: bool


def file_rows(files: Iterable[EventFile], *, zone: str) -> tuple[FileRow, ...]:
    """Put the files of a feed into words, in their order."""
    return tuple(_row(file, zone) for file in files)


def _row(file: EventFile, zone: str) -> FileRow:
    state = FileState(file.state)
    tone, icon = TONES[state]
    return FileRow(
        pk=file.pk,
        name=file.name,
        size=filesizeformat(file.size),
        when=instant_words(file.uploaded_at, zone),
        who=str(file.uploaded_by),
        state=str(state.label),
        tone=tone,
        icon=icon,
        outcome=_outcome(file) if state == FileState.DONE else "",
    )


def _outcome(file: EventFile) -> str:
    text = gettext("%(new)s new, %(known)s known already, %(refused)s refused")
    return text % {
        "new": number(file.recorded),
        "known": number(file.replayed),
        "refused": number(file.refused),
    }


def file_view(file: EventFile, *, zone: str) -> FileView:
    """Put a file into words."""
    state, found = FileState(file.state), file.rehearsed or {}
    conflicts: Sequence[FileRefusal] = ()
    refused: Sequence[FileRefusal] = ()
    if state in {FileState.CHECKED, FileState.DONE} and file.refused:
        conflicts, refused = first_refusals(file, SHOWN)
    checked = state == FileState.CHECKED
    return FileView(
        row=_row(file, zone),
        state=state.value,
        at_work=state in AT_WORK,
        done=_done(file),
        read=file.read,
        total=found.get("received") if state == FileState.IMPORTING else None,
        tiles=_tiles(file) if state in {FileState.CHECKED, FileState.DONE} else (),
        new=_event_rows(found.get("new", ()), zone) if checked else (),
        known=_event_rows(found.get("known", ()), zone) if checked else (),
        conflicts=tuple(map(_reason_row, conflicts)),
        refused=tuple(map(_reason_row, refused)),
        refusals=file.refused if file.content else 0,
        nothing_new=state in {FileState.CHECKED, FileState.DONE} and not file.recorded,
        failure=file.failure,
        digest=file.digest,
        kept=bool(file.content),
    )


def _done(file: EventFile) -> str:
    text = ngettext("%(n)s event read", "%(n)s events read", file.read)
    return text % {"n": number(file.read)}


def _tiles(file: EventFile) -> tuple[tuple[str, str, str], ...]:
    found = file.rehearsed or {}
    tiles = [(gettext("New events"), file.recorded, "good")]
    tiles.append((gettext("Known already"), file.replayed, "info"))
    if file.state == FileState.CHECKED:
        tiles.append((gettext("In conflict"), found["conflicts"], "warn"))
        tiles.append((gettext("Refused"), found["refused"], "bad"))
    else:
        tiles.append((gettext("Refused"), file.refused, "bad"))
    return tuple((label, number(n), tone if n else "") for label, n, tone in tiles)


def _event_rows(found: Iterable[Mapping[str, Any]], zone: str) -> tuple[EventRow, ...]:
    return tuple(
        EventRow(
            item["line"],
            item["case"],
            item["type"],
            instant_words(datetime.fromisoformat(item["at"]), zone),
        )
        for item in found
    )


def _reason_row(refusal: FileRefusal) -> ReasonRow:
    return ReasonRow(refusal.line, refusal.external_id, reason_words(refusal.code))


def reason_words(code: str) -> str:
    """Say why a line is refused."""
    return str(REASONS.get(code, code))


def preview_rows(lines: Iterable[PreviewLine], *, zone: str) -> tuple[PreviewRow, ...]:
    """Put the first lines of a file into words."""
    return tuple(
        PreviewRow(
            line.line,
            () if line.refusals else tuple(_previewed(line, zone)),
            tuple(map(_reason, line.refusals)),
        )
        for line in lines
    )


def _reason(refusal: Refusal) -> str:
    return (
        f"{refusal.id}: {reason_words(refusal.code)}"
        if refusal.id
        else (reason_words(refusal.code))
    )


def _previewed(line: PreviewLine, zone: str) -> Iterable[EventRow]:
    for event in line.events:
        at = event["at"]
        when = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        extras = dict(event.get("attributes") or {})
        if event.get("value") is not None:
            extras = {gettext("value"): event["value"], **extras}
        yield EventRow(
            line.line,
            event["case"],
            event["type"],
            instant_words(when, zone),
            "; ".join(f"{name}: {said}" for name, said in extras.items()),
        )


def column_rows(columns: Iterable[Column]) -> tuple[ColumnRow, ...]:
    """Show the columns of a file, with what they say in the first lines."""
    return tuple(
        ColumnRow(
            column.name,
            str(KINDS.get(column.personal, column.personal)) if column.personal else "",
            " · ".join(text[:40] for text in column.samples()),
        )
        for column in columns
    )
