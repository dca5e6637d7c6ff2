"""
The charter exchange format: one JSON document that holds a whole edition.

Import and export are inverse: exporting what was imported gives the same document,
and importing what was exported gives the same edition. The format is described by
``docs/formats/charter.schema.json``.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accounts.models import Organisation, User
from charters.enums import RESERVED_SLUGS, EditionState, StepKind
from charters.models import Charter, Edition, Step
from charters.parts import Document, Loading, parts
from charters.rules import SECTIONS, FieldKind
from core import audit

FORMAT = "paraula-charter/1"
# NUL, and half of a surrogate pair.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
Place = tuple[str | int, ...]


class ExchangeError(ValueError):
    """
    A document that cannot be imported.

    :ivar path: where the fault lies, for example ``quality.commitments[2].level``.
    """

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(f"{path}: {fault}" if path else fault)
        self.path = path


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made and what its author should know."""

    edition: Edition
    notes: list[str]


def export_document(edition: Edition) -> Document:
    """Return an edition as an exchange document, every key present."""
    document: Document = {
        "format": FORMAT,
        "charter": {
            "slug": edition.charter.slug,
            "scope": edition.charter.scope,
            "audience": edition.charter.audience,
        },
        "edition": {
            "number": edition.number,
            "source_language": edition.source_language,
            "valid_from": _day(edition.valid_from),
            "valid_until": _day(edition.valid_until),
            "title": edition.title,
            "summary": edition.summary,
        },
    }
    for section in SECTIONS:
        content = getattr(edition, section.key)
        document[section.key] = {
            field.key: content.get(field.key) or _nothing(field.kind)
            for field in section.fields
        }
    for part in parts():
        part.snapshot(edition, document)
    return document


@transaction.atomic
def import_document(
    *, document: Any, organisation: Organisation, by: User | None, at: datetime
) -> Imported:
    """
    Create a draft from an exchange document, and its charter if it is new.

    :raises ExchangeError: with the path of the first fault; nothing is written.
    """
    validate(document)
    identity, head = document["charter"], document["edition"]
    if identity["slug"] in RESERVED_SLUGS:
        raise ExchangeError("charter.slug", f"{identity['slug']!r} is one of our own")
    charter, _new = Charter.objects.get_or_create(
        organisation=organisation,
        slug=identity["slug"],
        defaults={
            "scope": identity.get("scope", "service"),
            "audience": identity.get("audience", "external"),
        },
    )
    edition = Edition(
        organisation=organisation,
        charter=charter,
        number=_number(charter, head.get("number")),
        source_language=head["source_language"],
        valid_from=_date(head.get("valid_from"), "edition.valid_from"),
        valid_until=_date(head.get("valid_until"), "edition.valid_until"),
        title=head["title"],
        summary=head.get("summary", {}),
    )
    _check_draft(edition)
    for section in SECTIONS:
        content = document.get(section.key, {})
        setattr(
            edition,
            section.key,
            {
                field.key: content[field.key]
                for field in section.fields
                if content.get(field.key)
            },
        )
    edition.save()
    loading = Loading(by=by, at=at)
    for part in parts():
        part.load(edition, document, loading)
    Step.objects.create(
        organisation=organisation,
        edition=edition,
        kind=StepKind.CREATED,
        by=by,
        taken_at=at,
    )
    audit.record(
        verb="charters.import",
        subject=f"{charter.slug}/{edition.number}",
        organisation_id=organisation.pk,
        actor_id=by.pk if by else None,
        at=at,
    )
    return Imported(edition, loading.notes)


def validate(document: Any) -> None:
    """
    Check a document against the schema.

    :raises ExchangeError: with the path of the fault that lies deepest.
    """
    error = jsonschema.exceptions.best_match(_validator().iter_errors(document))
    if error is not None:
        raise ExchangeError(_path(error.absolute_path), error.message[:300])
    for path in _unstorable(document, ()):
        raise ExchangeError(_path(path), "holds a character that cannot be stored")


def _unstorable(node: Any, path: Place) -> Iterator[Place]:
    """Yield the places of texts that PostgreSQL cannot store."""
    if isinstance(node, str):
        if UNSTORABLE.search(node):
            yield path
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _unstorable(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _unstorable(value, (*path, index))


@cache
def _validator() -> Any:
    path = Path(settings.BASE_DIR) / "docs" / "formats" / "charter.schema.json"
    kind = jsonschema.validators.extend(  # type: ignore[no-untyped-call]  # untyped
        jsonschema.Draft202012Validator, {"pattern": _pattern}
    )
    return kind(json.loads(path.read_text()))


def _pattern(
    _validator: Any, pattern: str, found: object, _schema: Any
) -> Iterator[jsonschema.ValidationError]:
    """
    Match as JSON Schema means it (ECMA-262): ``$`` is the end.

    Python's ``$`` would let a line end pass behind a short name.
    """
    meant = re.sub(r"(?<!\\)\$", r"\\Z", pattern)
    if isinstance(found, str) and not re.search(meant, found):
        yield jsonschema.ValidationError(f"{found!r} does not match {pattern!r}")


def _path(parts_: Any) -> str:
    text = ""
    for part in parts_:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _number(charter: Charter, asked: int | None) -> int:
    taken = charter.editions.aggregate(Max("number"))["number__max"] or 0
    if asked is None:
        return taken + 1
    if charter.editions.filter(number=asked).exists():
        fault = f"edition {asked} of {charter.slug} already exists"
        raise ExchangeError("edition.number", fault)
    return asked


def _check_draft(edition: Edition) -> None:
    if edition.charter.editions.filter(state=EditionState.DRAFT).exists():
        fault = f"{edition.charter.slug} already has a draft"
        raise ExchangeError("charter.slug", fault)
    if (
        edition.valid_from
        and edition.valid_until
        and edition.valid_until <= edition.valid_from
    ):
        raise ExchangeError("edition.valid_until", "must come after valid_from")


def _date(text: str | None, path: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ExchangeError(path, f"{text!r} is no date (YYYY-MM-DD)") from error


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _nothing(kind: FieldKind) -> Any:
    return {FieldKind.TEXT: {}, FieldKind.LINE: ""}.get(kind, [])
