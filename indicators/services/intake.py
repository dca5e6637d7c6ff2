"""
Take events in: the only way into the log.

One call is one transaction: the events, and the marks of what they make stale, are
there together or not at all. Every line has its own outcome; a bad one never keeps
a good one out. Sending the same again changes nothing.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db import connection, transaction
from psycopg2.errors import UniqueViolation

from core.db import copy_rows
from core.spreadsheets import harmless
from indicators.enums import VOIDED
from indicators.models import ServiceEvent, Stream
from indicators.queries.pseudonyms import Pseudonyms, pseudonyms_of
from indicators.services.marks import mark_cases
from indicators.services.personal import (
    is_suspect,
    kind_of_column,
    kind_of_key,
    kind_of_value,
    shape,
)

# Clocks of other machines may be a little ahead of ours.
SKEW = timedelta(minutes=5)
# Far enough back for any record; local time near year 1 cannot be computed with.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LONGEST_KEY = 200
LONGEST_ATTRIBUTE = 400
MOST_DECIMALS = 12
MOST_DIGITS = 28
# What PostgreSQL cannot store: NUL, and half of a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
COLUMNS = (
    "organisation_id",
    "stream_id",
    "received_at",
    "external_id",
    "case_key",
    "type",
    "occurred_at",
    "value",
    "attributes",
    "replaces",
    "digest",
)
TEXTS = ("external_id", "case_key", "type")
PERSONAL = "personal_data"
# The attribute that says which concessionaire sent an event; never the sender's word.
OPERATOR = "operator"
# Until the batch is committed nobody changes what its stream takes.
STANDS = """
    SELECT revision, (
        SELECT max(occurred_at) FROM indicators_serviceevent WHERE stream_id = %s
    )
    FROM indicators_stream WHERE id = %s FOR KEY SHARE
"""
OF_OTHERS = """
    SELECT DISTINCT case_key FROM indicators_serviceevent
    WHERE stream_id = %s AND case_key = ANY(%s) AND attributes ->> %s <> %s
"""
FIELDS = frozenset({"id", "case", "type", "at", "value", "attributes", "replaces"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that was not recorded, and why."""

    line: int
    id: str | None
    code: str
    detail: str


def refused_rows(
    refusals: Iterable[tuple[int, str | None, str, str]],
) -> Iterator[tuple[object, ...]]:
    """
    Yield refusals as the rows of a table that people open, its header first.

    :param refusals: line, identifier, code and detail of each.
    """
    yield "line", "id", "code", "detail"
    for refusal in refusals:
        yield tuple(map(harmless, refusal))


@dataclass(slots=True)
class Receipt:
    """
    What became of a batch: ``received = recorded + replayed + len(refused)``.

    :ivar replayed: lines that were in the log already, with the same content.
    :ivar watermark: instant of the stream's latest event.
    """

    received: int = 0
    recorded: int = 0
    replayed: int = 0
    refused: list[Refusal] = field(default_factory=list)
    watermark: datetime | None = None

    def add(self, other: "Receipt") -> None:
        """Count another batch of the same stream in."""
        self.received += other.received
        self.recorded += other.recorded
        self.replayed += other.replayed
        self.refused += other.refused
        self.watermark = other.watermark or self.watermark


def without_data(detail: str) -> str:
    """Return a reason that may be kept: without what may be somebody's data in it."""
    kind = kind_of_value(detail)
    if kind is not None:
        return f"what is said there looks like personal data: {kind}"
    return UNSTORABLE.sub("\ufffd", detail)


class LineError(ValueError):
    """A line that is no event of the stream; carries the refusal's code."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class _Incoming(NamedTuple):
    """
    An event that was read.

    ``attributes`` are JSON, with their names in order; ``stamp`` is ``at`` in ISO 8601.

    :ivar told: its name and that of the event it replaces, as its sender calls them:
        the log may have pseudonyms.
    """

    line: int
    id: str
    case: str
    type: str
    at: datetime
    stamp: str
    value: Decimal | None
    attributes: str
    replaces: str | None
    digest: str
    told: tuple[str, str | None]

    def refused(self, code: str, detail: str) -> Refusal:
        """Refuse it, by the name that its sender knows."""
        return Refusal(self.line, self.told[0], code, detail)


# Texts as JSON, letters as they are.
quoted = encode_basestring


def event_digest(
    case: str,
    type_: str,
    at: datetime,
    value: Decimal | None,
    attributes: Mapping[str, str],
    replaces: str | None,
) -> str:
    """Return the SHA-256 of an event's content: equal content, equal digest."""
    stamp = at.astimezone(UTC).isoformat()
    return _digest(case, type_, stamp, value, _as_json(attributes), replaces)


def _as_json(attributes: Mapping[str, str]) -> str:
    pairs = (
        f"{quoted(name)}:{quoted(attributes[name])}" for name in sorted(attributes)
    )
    return f"{{{','.join(pairs)}}}"


def _digest(
    case: str,
    type_: str,
    at: str,
    value: Decimal | None,
    attributes: str,
    replaces: str | None,
) -> str:
    """Digest the JSON list of what an event says, without a space."""
    parts = (
        quoted(case),
        quoted(type_),
        f'"{at}"',
        "null" if value is None else f'"{value.normalize():f}"',
        attributes,
        "null" if replaces is None else quoted(replaces),
    )
    return hashlib.sha256(f"[{','.join(parts)}]".encode()).hexdigest()


def record(
    *,
    stream: Stream,
    lines: Iterable[tuple[int, Mapping[str, Any] | LineError]],
    at: datetime,
    operator: str | None = None,
) -> Receipt:
    """
    Record a batch of events.

    :param lines: line numbers with the event as an object (see ``design`` of the
        API: id, case, type, at, value, attributes, replaces), or the error that
        reading the line gave.
    :param at: now; an event may not lie in the future beyond :data:`SKEW`.
    :param operator: of the key with which it was sent, empty if it is nobody's;
        ``None`` if the organisation itself brings the events, without a key: then it
        may say whose they are.
    :returns: after the commit, when called outside a transaction.
    :raises indicators.queries.pseudonyms.UnknownSecretError: if case numbers should
        become unreadable and the secret for that is not here.
    """
    lines = list(lines)
    while True:
        with suppress(_StreamChangedError), transaction.atomic():
            return _record(stream, lines, at, operator)
        stream.refresh_from_db()


class _StreamChangedError(Exception):
    """What the stream takes was changed while a batch was being read."""


def _record(
    stream: Stream,
    lines: Sequence[tuple[int, Mapping[str, Any] | LineError]],
    at: datetime,
    operator: str | None,
) -> Receipt:
    sender = operator if stream.by_operator else None
    receipt, incoming = _read(stream, lines, at, sender)
    _write(stream, incoming, receipt, at, sender)
    with connection.cursor() as cursor:
        cursor.execute(STANDS, [stream.pk, stream.pk])
        revision, receipt.watermark = cursor.fetchone()
    if revision != stream.revision:
        raise _StreamChangedError
    receipt.refused.sort(key=attrgetter("line"))
    return receipt


class Rehearsal:
    """
    Says what recording batches one after the other would do, and writes nothing.

    So it keeps nobody waiting, however long it takes. It remembers what earlier
    batches would have recorded: some 250 bytes for each event.
    """

    def __init__(self, *, stream: Stream, at: datetime) -> None:
        self.stream = stream
        self.at = at
        self._digests: dict[str, bytes] = {}
        self._replaced: set[str] = set()
        # Of the last batch, in order of lines: what would be recorded, what is known.
        self.new: list[_Incoming] = []
        self.known: list[_Incoming] = []

    def record(
        self, lines: Iterable[tuple[int, Mapping[str, Any] | LineError]]
    ) -> Receipt:
        """Return what :func:`record` would return, but for the watermark."""
        # A file is the organisation's own: no key says whose events these are.
        receipt, incoming = _read(self.stream, lines, self.at, None)
        unknown = _not_replaceable(self.stream, incoming, None, also=self._digests)
        _refuse(unknown, incoming, receipt)
        ordered = sorted(incoming.values(), key=attrgetter("id"))
        fresh = _fresh(
            self.stream, ordered, also=self._digests, also_taken=self._replaced
        )
        receipt.recorded += len(fresh)
        new = {event.id for event in fresh}
        rest = [event for event in incoming.values() if event.id not in new]
        _explain_rest(self.stream, rest, receipt, also=self._digests)
        self._digests |= {event.id: bytes.fromhex(event.digest) for event in fresh}
        self._replaced |= {event.replaces for event in fresh if event.replaces}
        refused = {(refusal.line, refusal.id) for refusal in receipt.refused}
        self.new = sorted(fresh, key=attrgetter("line", "at"))
        known = [event for event in rest if (event.line, event.told[0]) not in refused]
        self.known = sorted(known, key=attrgetter("line", "at"))
        receipt.refused.sort(key=attrgetter("line"))
        return receipt


def _read(
    stream: Stream,
    lines: Iterable[tuple[int, Mapping[str, Any] | LineError]],
    at: datetime,
    sender: str | None,
) -> tuple[Receipt, dict[str, _Incoming]]:
    """Return the events of a batch by identifier, and what became of the others."""
    receipt = Receipt()
    incoming: dict[str, _Incoming] = {}
    reader = _Reader(stream, latest=at + SKEW, sender=sender)
    for line, raw in lines:
        receipt.received += 1
        try:
            if isinstance(raw, LineError):
                raise raw
            event = reader.read(line, raw)
        except LineError as error:
            id_ = _id_of(raw)
            if error.code == PERSONAL and reader.hides(id_):
                id_ = None
            receipt.refused.append(Refusal(line, id_, error.code, str(error)))
            continue
        first = incoming.setdefault(event.id, event)
        if first is not event:
            _repeated(receipt, event, first.digest)
    return receipt, incoming


def _write(
    stream: Stream,
    incoming: dict[str, _Incoming],
    receipt: Receipt,
    at: datetime,
    sender: str | None,
) -> None:
    if sender is not None or any(event.replaces for event in incoming.values()):
        # Rows go in by identifier, not by what they replace: two batches that correct
        # the same events could wait for each other in a circle. And of two operators
        # that begin one case, the second must see the first.
        Stream.objects.select_for_update(of=("self",), no_key=True).get(pk=stream.pk)
    _refuse(_not_replaceable(stream, incoming, sender), incoming, receipt)
    _refuse(_of_others(stream, incoming, sender), incoming, receipt)
    if not incoming:
        return
    recorded = _insert(stream, list(incoming.values()), at)
    receipt.recorded += len(recorded)
    _explain_rest(
        stream, [e for e in incoming.values() if e.id not in recorded], receipt
    )
    touched = {incoming[id_].case for id_ in recorded}
    replaced = [incoming[id_].replaces for id_ in recorded if incoming[id_].replaces]
    if replaced:
        touched |= set(
            ServiceEvent.objects.filter(
                stream=stream, external_id__in=replaced
            ).values_list("case_key", flat=True)
        )
    mark_cases(stream, touched, at=at)


def _refuse(
    found: Iterable[tuple[str, Refusal]],
    incoming: dict[str, _Incoming],
    receipt: Receipt,
) -> None:
    """Take events out of a batch, by their identifiers, and say why."""
    for id_, refusal in found:
        del incoming[id_]
        receipt.refused.append(refusal)


def _insert(stream: Stream, events: Sequence[_Incoming], at: datetime) -> set[str]:
    """
    Write events by COPY, straight into the log; return the identifiers that were new.

    Rows go in by identifier, so that two batches that share some never wait for
    each other in a circle. If another batch was quicker with one of them, it has been
    committed by the time we know: then what is left is written.
    """
    ordered = sorted(events, key=attrgetter("id"))
    while True:
        fresh = _fresh(stream, ordered)
        with suppress(UniqueViolation), transaction.atomic():
            _copy(stream, fresh, at)
            return {event.id for event in fresh}


def _fresh(
    stream: Stream,
    ordered: Sequence[_Incoming],
    *,
    also: Collection[str] = (),
    also_taken: Collection[str] = (),
) -> list[_Incoming]:
    """
    Return the events that the log has not, nor another that replaces the same.

    :param also: identifiers that are as good as in the log; ``also_taken``: those that
        are as good as replaced.
    """
    known = _in_log(stream, "external_id", [event.id for event in ordered])
    asked = [event.replaces for event in ordered if event.replaces]
    taken = _in_log(stream, "replaces", asked) if asked else set()
    fresh = []
    for event in ordered:
        if event.id in known or event.id in also:
            continue
        if event.replaces in taken or event.replaces in also_taken:
            continue
        fresh.append(event)
        if event.replaces:
            taken.add(event.replaces)
    return fresh


def _in_log(stream: Stream, column: str, texts: list[str]) -> set[str]:
    """Return the texts that a column of the log has. One array: thousands are asked."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM indicators_serviceevent "  # noqa: S608 -- our own
            f"WHERE stream_id = %s AND {column} = ANY(%s)",
            [stream.pk, texts],
        )
        return {row[0] for row in cursor.fetchall()}


def _copy(stream: Stream, events: Sequence[_Incoming], at: datetime) -> None:
    if not events:
        return
    same = (str(stream.organisation_id), str(stream.pk), at.isoformat())
    with connection.cursor() as cursor:
        copy_rows(
            cursor,
            "indicators_serviceevent",
            COLUMNS,
            ((*same, *_row(event)) for event in events),
            texts=TEXTS,
        )


def _row(event: _Incoming) -> tuple[str, ...]:
    return (
        event.id,
        event.case,
        event.type,
        event.stamp,
        "" if event.value is None else format(event.value, "f"),
        event.attributes,
        event.replaces or "",
        event.digest,
    )


def _explain_rest(
    stream: Stream,
    rest: Sequence[_Incoming],
    receipt: Receipt,
    also: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """
    Say of every event that was not new whether it is a replay or a conflict.

    :param also: digests of events that are as good as in the log.
    """
    known = dict(
        ServiceEvent.objects.filter(
            stream=stream, external_id__in=[event.id for event in rest]
        ).values_list("external_id", "digest")
    )
    known |= {event.id: also[event.id].hex() for event in rest if event.id in also}
    for event in rest:
        if event.id in known:
            _repeated(receipt, event, known[event.id])
        else:
            detail = f"event {event.told[1]!r} has been replaced by another"
            receipt.refused.append(event.refused("already_replaced", detail))


def _repeated(receipt: Receipt, event: _Incoming, known_digest: str) -> None:
    if event.digest == known_digest:
        receipt.replayed += 1
    else:
        receipt.refused.append(
            event.refused(
                "conflict",
                "this identifier is in the log with other content; "
                "to correct an event send a new one that replaces it",
            )
        )


def _not_replaceable(
    stream: Stream,
    incoming: Mapping[str, _Incoming],
    sender: str | None,
    also: Collection[str] = (),
) -> list[tuple[str, Refusal]]:
    """
    Refuse events that replace what is not there, or what another operator sent.

    :param also: identifiers that are as good as in the log.
    """
    asked = {event.replaces for event in incoming.values() if event.replaces}
    if not asked:
        return []
    known: dict[str, str] = {
        id_: operator or ""
        for id_, operator in ServiceEvent.objects.filter(
            stream=stream, external_id__in=asked
        ).values_list("external_id", f"attributes__{OPERATOR}")
    }
    known |= {id_: "" for id_ in asked if id_ in also}
    refused = []
    # In order of lines: two events that replace each other would both vanish.
    for event in incoming.values():
        if event.replaces and event.replaces not in known:
            detail = f"there is no event {event.told[1]!r} to replace"
            refused.append((event.id, event.refused("replaces_unknown", detail)))
        elif event.replaces and sender not in {None, known[event.replaces]}:
            detail = f"event {event.told[1]!r} is not of this key's operator"
            refused.append((event.id, event.refused("other_operator", detail)))
        else:
            known.setdefault(event.id, sender or "")
    return refused


def _of_others(
    stream: Stream, incoming: Mapping[str, _Incoming], sender: str | None
) -> list[tuple[str, Refusal]]:
    """Refuse events of cases that another operator has events of."""
    if not sender:
        return []
    with connection.cursor() as cursor:
        cases = sorted({event.case for event in incoming.values()})
        cursor.execute(OF_OTHERS, [stream.pk, cases, OPERATOR, sender])
        taken = {row[0] for row in cursor.fetchall()}
    return [
        (
            event.id,
            event.refused("other_operator", "this case is another operator's"),
        )
        for event in incoming.values()
        if event.case in taken
    ]


def _id_of(raw: object) -> str | None:
    if isinstance(raw, Mapping) and isinstance(raw.get("id"), str):
        return str(raw["id"])[:LONGEST_KEY]
    return None


class _Reader:
    """Reads the events of one batch."""

    def __init__(
        self, stream: Stream, *, latest: datetime, sender: str | None = None
    ) -> None:
        self.stream = stream
        self.latest = latest
        self.sender = sender
        self._pseudonym = pseudonyms_of(stream)
        # The events of a case often come together.
        self._cases: dict[str, str] = {}
        # Most events of a batch say of themselves what others have said.
        self._attributes: dict[tuple[tuple[str, str], ...], str] = {}
        # Keys that differ in their digits only look alike: few shapes are looked at.
        self._suspects: dict[bytes, bool] = {}
        self._allowed = frozenset(stream.personal_allowed)
        self._types = frozenset(stream.types)

    def read(self, line: int, raw: Mapping[str, Any]) -> _Incoming:
        """
        Read an event.

        :raises LineError: if it is none of the stream's.
        """
        if not isinstance(raw, Mapping):
            raise LineError("not_an_object", "an event is a JSON object")
        if not FIELDS.issuperset(raw):
            unknown = min(set(raw) - FIELDS)
            raise LineError("unknown_field", f"{unknown!r} is no field of an event")
        type_ = self._type(raw)
        replaces = _key(raw, "replaces") if raw.get("replaces") is not None else None
        id_ = _key(raw, "id")
        if replaces == id_:
            raise LineError("replaces_itself", "an event cannot replace itself")
        case = _key(raw, "case")
        self._refuse_personal(id_, case, replaces)
        at = _instant(raw.get("at"), self.latest)
        stamp = at.isoformat()
        value = _value(raw.get("value"))
        attributes = self._read_attributes(raw.get("attributes"))
        told = (id_, replaces)
        if self._pseudonym is not None:
            # Names of events are often made of the number of their case.
            case = self._hidden(case, self._pseudonym)
            id_ = self._pseudonym(id_)
            replaces = replaces and self._pseudonym(replaces)
        digest = _digest(case, type_, stamp, value, attributes, replaces)
        return _Incoming(
            line,
            id_,
            case,
            type_,
            at,
            stamp,
            value,
            attributes,
            replaces,
            digest,
            told,
        )

    def _type(self, raw: Mapping[str, Any]) -> str:
        found = raw.get("type")
        if type(found) is str and found in self._types:
            return found
        if found == VOIDED and raw.get("replaces") is not None:
            return VOIDED
        named, code = _key(raw, "type"), self.stream.code
        raise LineError("unknown_type", f"stream {code} declares no type {named!r}")

    def _hidden(self, case: str, pseudonym: Pseudonyms) -> str:
        if case not in self._cases:
            self._cases[case] = pseudonym(case)
        return self._cases[case]

    def hides(self, id_: str | None) -> bool:
        """Say whether an identifier must not be repeated to anybody."""
        return (
            id_ is not None
            and "id" not in self._allowed
            and kind_of_key(id_) is not None
        )

    def _refuse_personal(self, id_: str, case: str, replaces: str | None) -> None:
        form = shape(f"{id_}\n{case}\n{replaces}" if replaces else f"{id_}\n{case}")
        suspect = self._suspects.get(form)
        if suspect is None:
            suspect = self._suspects[form] = is_suspect(form)
        if suspect:
            keys = ("id", id_), ("case", case), ("replaces", replaces or "")
            for name, text in keys:
                if name not in self._allowed:
                    _refuse_kind(name, kind_of_key(text))

    def _read_attributes(self, found: Any) -> str:
        # Only texts are remembered: 1 and True are equal, and not the same.
        if isinstance(found, dict) and all(type(v) is str for v in found.values()):
            key = tuple(found.items())
            if key not in self._attributes:
                self._attributes[key] = self._checked(found)
            return self._attributes[key]
        return self._checked(found)

    def _checked(self, found: Any) -> str:
        attributes = _attributes(found, self.stream)
        if self.sender is not None:
            told = attributes.pop(OPERATOR, self.sender)
            if told != self.sender:
                raise LineError(
                    "other_operator", f"{OPERATOR!r} is not that of this key"
                )
        for name, text in attributes.items():
            if name not in self._allowed:
                _refuse_column(name)
                _refuse_kind(name, kind_of_value(text))
        if self.sender:
            attributes[OPERATOR] = self.sender
        return _as_json(attributes)


def _refuse_kind(name: str, kind: str | None) -> None:
    if kind is not None:
        raise LineError(
            PERSONAL, f"what {name!r} holds looks like personal data: {kind}"
        )


def _refuse_column(name: str) -> None:
    kind = kind_of_column(name)
    if kind is not None:
        raise LineError(PERSONAL, f"{name!r} is named like personal data: {kind}")


def _key(raw: Mapping[str, Any], name: str) -> str:
    found = raw.get(name)
    if type(found) is str and 0 < len(found) <= LONGEST_KEY:
        # What can be printed can be stored, and asked for that a text answers at once.
        if found.isprintable() or not UNSTORABLE.search(found):
            return found
    elif found is None or found == "":
        raise LineError(f"missing_{name}", f"{name!r} is missing")
    raise LineError(
        f"bad_{name}", f"{name!r} must be a text of at most {LONGEST_KEY} letters"
    )


def _instant(found: Any, latest: datetime) -> datetime:
    if found is None or found == "":
        raise LineError("missing_at", "'at' is missing")
    try:
        instant = found if isinstance(found, datetime) else _parsed(found)
    except (ValueError, TypeError) as error:
        raise LineError(
            "bad_instant", f"{str(found)[:60]!r} is no ISO 8601 instant"
        ) from error
    if instant.tzinfo is None:
        raise LineError("naive_instant", "'at' needs its offset, such as +01:00")
    try:
        instant = instant.astimezone(UTC)
    except OverflowError as error:
        raise LineError("bad_instant", "'at' is out of range") from error
    if instant < EARLIEST:
        raise LineError("bad_instant", "'at' is out of range")
    if instant > latest:
        raise LineError("in_future", f"{instant.isoformat()} has not come yet")
    return instant


def _parsed(text: object) -> datetime:
    if not isinstance(text, str):
        raise TypeError
    return datetime.fromisoformat(text)


def _value(found: Any) -> Decimal | None:
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float | str | Decimal):
        raise LineError("bad_value", "'value' must be a number")
    try:
        # repr of a float is the shortest text that means it: 0.1 stays 0.1.
        number = Decimal(str(found))
    except InvalidOperation as error:
        raise LineError("bad_value", f"{str(found)[:40]!r} is no number") from error
    exponent = number.as_tuple().exponent
    if (
        not isinstance(exponent, int)
        or -exponent > MOST_DECIMALS
        or number.adjusted() >= MOST_DIGITS - MOST_DECIMALS
    ):
        raise LineError("bad_value", f"{str(found)[:40]!r} is out of range")
    # The database knows no negative zero, and the digest must stay what it is.
    return number or Decimal(0)


def _attributes(found: Any, stream: Stream) -> dict[str, str]:
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise LineError("bad_attributes", "'attributes' must be an object")
    read = {}
    for name, content in found.items():
        if name not in stream.attributes:
            raise LineError(
                "unknown_attribute",
                f"stream {stream.code} declares no attribute {str(name)[:80]!r}",
            )
        if content is None:
            continue
        if isinstance(content, Mapping | list):
            raise LineError("bad_attributes", f"{name!r} must be a plain value")
        text = str(content)
        if len(text) > LONGEST_ATTRIBUTE or UNSTORABLE.search(text):
            raise LineError("bad_attributes", f"{name!r} is too long or not text")
        read[name] = text
    return read
