"""Connect other systems to streams, and take what they send."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings as installation
from django.db import IntegrityError, transaction
from django.db.models import F

from core import audit
from core.fetching import FetchError, Rules, check_address
from core.sealing import seal, unseal
from indicators.adapters.kinds import Reader, reader
from indicators.adapters.open311 import question
from indicators.adapters.payloads import PayloadError, SettingsError
from indicators.enums import ASKED, SourceKind
from indicators.models import Source, Stream
from indicators.queries.pseudonyms import UnknownSecretError
from indicators.services.files import DECODER
from indicators.services.intake import (
    OPERATOR,
    Receipt,
    Refusal,
    record,
    without_data,
)

CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?", re.ASCII)
# GLPI makes secrets of 40 letters; fewer than 16 may be guessed.
SHORTEST_SECRET, LONGEST_SECRET = 16, 200
LONGEST_WORDS = 300


class SourceError(ValueError):
    """A source that cannot be as asked; says why."""


@transaction.atomic
def add_source(
    *,
    stream: Stream,
    code: str,
    kind: SourceKind,
    settings: Mapping[str, Any],
    secret: str = "",
    at: datetime,
) -> tuple[Source, str]:
    """
    Connect a system to a stream.

    :param settings: which events its words become; see ``docs/adapters.md``.
    :param secret: what the system signs with, or is asked with; made up for one that
        sends if there is none.
    :returns: the source and its secret: it can be read this once.
    :raises SourceError: if the code is taken or none, the secret too short, or the
        settings do not fit the system or the stream.
    """
    if not CODE.fullmatch(code):
        msg = f"{code!r} is no code: small letters, digits and hyphens, at most 60"
        raise SourceError(msg)
    check_settings(stream=stream, kind=kind, settings=settings)
    source = Source(
        organisation_id=stream.organisation_id,
        stream=stream,
        code=code,
        kind=kind,
        settings=settings,
        created_at=at,
        next_asked_at=at if kind in ASKED else None,
    )
    secret = _set_secret(source, secret)
    try:
        with transaction.atomic():
            source.save(force_insert=True)
    except IntegrityError as error:
        if "source_code_once_per_stream" not in str(error):
            raise
        msg = f"{stream.code} has a source {code!r}"
        raise SourceError(msg) from error
    _audit(source, "add_source", at, kind=kind)
    return source, secret


@transaction.atomic
def change_source(
    *,
    source: Source,
    at: datetime,
    enabled: bool | None = None,
    settings: Mapping[str, Any] | None = None,
    new_secret: bool = False,
    secret: str = "",
) -> str:
    """
    Change a source.

    :param enabled: whether it is heard, or asked, from now on.
    :param settings: instead of those it has; what is in the log stays as it is.
    :param new_secret: put ``secret``, or one made up, in the place of the old one, which
        is useless from then on.
    :returns: the new secret; empty without one.
    :raises SourceError: as :func:`add_source`.
    """
    source = Source.objects.select_for_update(of=("self",), no_key=True).get(
        pk=source.pk
    )
    if enabled is not None:
        source.enabled = enabled
    if settings is not None:
        kind = SourceKind(source.kind)
        check_settings(stream=source.stream, kind=kind, settings=settings)
        source.settings = dict(settings)
    shown = _set_secret(source, secret) if new_secret else ""
    if source.kind in ASKED:
        source.next_asked_at = at
    source.save()
    _audit(
        source,
        "change_source",
        at,
        enabled=source.enabled,
        settings=settings is not None,
        secret=new_secret,
    )
    return shown


def check_settings(
    *, stream: Stream, kind: SourceKind, settings: Mapping[str, Any]
) -> None:
    """
    Make sure that settings fit a system, and make only what the stream declares.

    Where operators have keys nothing makes the attribute that says whose an event is.

    :raises SourceError: naming what does not fit.
    """
    try:
        found = reader(kind, settings, zone=ZoneInfo(stream.time_zone))
        if kind == SourceKind.OPEN311:
            check_address(question(settings).url, fetching_rules())
    except (SettingsError, FetchError) as error:
        raise SourceError(str(error)) from error
    for made, declared, what in (
        (found.types(), stream.types, "type"),
        (found.attributes(), stream.attributes, "attribute"),
    ):
        if unknown := sorted(made - set(declared)):
            msg = f"stream {stream.code} declares no {what} {unknown[0]!r}"
            raise SourceError(msg)
    if stream.by_operator and OPERATOR in found.attributes():
        msg = f"no sender writes the attribute {OPERATOR!r} of {stream.code}"
        raise SourceError(msg)


def reader_of(source: Source) -> Reader:
    """Return what reads the messages of a source."""
    return reader(source.kind, source.settings, zone=ZoneInfo(source.stream.time_zone))


def secret_of(source: Source) -> str:
    """
    Return what a source signs with, or is asked with; empty without one.

    :raises core.sealing.SealError: if the installation's key is another by now.
    """
    return unseal(source.secret, purpose=_purpose(source)) if source.secret else ""


def receive(*, source: Source, body: bytes, at: datetime) -> Receipt:
    """
    Record what a source has sent, and note how it went.

    :param body: JSON; that it is genuine has been found out before.
    :returns: after the commit; each event that the message made is a line.
    :raises PayloadError: if the message is none of the system.
    :raises UnknownSecretError: as :func:`indicators.services.intake.record`.
    """
    try:
        receipt = take(source=source, payload=parsed(body), at=at)
    except (PayloadError, UnknownSecretError) as error:
        note_failure(source=source, words=str(error), at=at)
        raise
    note_success(source=source, at=at, refused=receipt.refused)
    return receipt


def take(*, source: Source, payload: object, at: datetime) -> Receipt:
    """
    Record the events of a message, as those of no operator.

    :raises PayloadError: if the message is none of the system.
    :raises UnknownSecretError: as :func:`indicators.services.intake.record`.
    """
    events = list(reader_of(source).events(payload))
    # Like a key of nobody: whose an event is, only keys and the organisation itself say.
    return record(
        stream=source.stream, lines=enumerate(events, start=1), at=at, operator=""
    )


def note_success(*, source: Source, at: datetime, refused: list[Refusal]) -> None:
    """Note that a source was heard; refused events are a failure to be looked at."""
    Source.objects.filter(pk=source.pk).update(last_success_at=at, failures=0)
    if refused:
        first = refused[0]
        detail = without_data(first.detail)
        words = f"{len(refused)} refused, such as {first.code}: {detail}"
        Source.objects.filter(pk=source.pk).update(**_failure(words, at))


def note_failure(*, source: Source, words: str, at: datetime) -> str:
    """
    Note that a source could not be understood, or did not answer.

    :returns: the words as they are kept: nobody's data is repeated in them.
    """
    words = without_data(words)
    Source.objects.filter(pk=source.pk).update(
        failures=F("failures") + 1, **_failure(words, at)
    )
    return words


def parsed(body: bytes) -> object:
    """
    Read a message.

    :raises PayloadError: if it is no JSON.
    """
    try:
        return DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        msg = "the message is no JSON in UTF-8"
        raise PayloadError(msg) from error


def fetching_rules() -> Rules:
    """Return which servers this installation may ask."""
    return Rules(
        plain_http=installation.SOURCES_PLAIN_HTTP,
        networks=tuple(installation.SOURCES_NETWORKS),
    )


def _failure(words: str, at: datetime) -> dict[str, Any]:
    return {"last_failure_at": at, "last_failure": words[:LONGEST_WORDS]}


def _set_secret(source: Source, secret: str) -> str:
    if not secret and source.kind not in ASKED:
        secret = secrets.token_urlsafe(32)
    # How long a key is with which others are asked is theirs to say.
    least = 1 if source.kind in ASKED else SHORTEST_SECRET
    if secret and not least <= len(secret) <= LONGEST_SECRET:
        msg = f"a secret must have {least} to {LONGEST_SECRET} letters"
        raise SourceError(msg)
    if not secret.isascii() or not secret.isprintable():
        msg = "a secret must have plain letters, digits and signs"
        raise SourceError(msg)
    source.secret = seal(secret, purpose=_purpose(source)) if secret else ""
    return secret


def _purpose(source: Source) -> str:
    # A secret that was copied to another row is no secret there.
    return f"source/{source.stream_id}/{source.code}"


def _audit(source: Source, verb: str, at: datetime, **details: object) -> None:
    audit.record(
        verb=f"indicators.{verb}",
        subject=f"{source.stream.code}/{source.code}",
        organisation_id=source.organisation_id,
        actor_id=None,
        at=at,
        **details,
    )
