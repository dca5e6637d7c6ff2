"""
Declare values that nothing measures: one person enters, another confirms.

A confirmed value becomes a line of the ledger of its own kind, final from the first.
Whatever is measured of its period takes its place, and both stay.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import User
from core import audit
from core.text import Text, clean_text
from engine.declared import Declared
from engine.periods import Period
from indicators.enums import ManualState, ResultState
from indicators.models import Indicator, ManualValue, Result
from indicators.queries.computing import is_measured, seal_of
from indicators.queries.declared import (
    bonds_of,
    declared_content,
    digest_of_value,
    newest_line,
    period_of_value,
)
from indicators.services.causes import CHANGED_RULE, DECLARED, SUSPENDED


class ManualError(Exception):
    """Base of what keeps a value from being declared or decided."""


class NoPromiseError(ManualError):
    """Nothing was promised of this period, or the indicator has other periods."""


class NotOverError(ManualError):
    """The period is not over."""


class MeasuredError(ManualError):
    """The period was measured: what is measured is not declared."""


class NoSourceError(ManualError):
    """It says in no language where the numbers come from."""


class WaitingError(ManualError):
    """A value of this period waits for its second person already."""


class NotNewestError(ManualError):
    """Another version stands: that is the one to correct."""


class NoCauseError(ManualError):
    """A correction says why; a rejection, too."""


class SamePersonError(ManualError):
    """Who entered a value cannot decide on it."""


class AlreadyDecidedError(ManualError):
    """Somebody was quicker."""


# What the database refuses, by the name of the constraint.
REFUSALS: Mapping[str, type[ManualError]] = {
    "manual_value_one_waiting": WaitingError,
    "manual_value_once_per_version": WaitingError,
    "manual_value_with_source": NoSourceError,
    "manual_value_corrected_with_cause": NoCauseError,
    "manual_value_by_two_people": SamePersonError,
}


@transaction.atomic
def declare(
    *,
    indicator: Indicator,
    period: Period,
    said: Declared,
    source: Text,
    source_on: date,
    document: str,
    cause: str,
    corrects: ManualValue | None,
    by: User,
    today: date,
    at: datetime,
) -> ManualValue:
    """
    Enter a value, which waits for a second person; no page shows it before.

    :param source: where the numbers come from, by language.
    :param document: its reference, if it has one.
    :param corrects: the confirmed version that this one is to take the place of.
    :param cause: why it does; empty of a first one.
    :param today: civil day of the organisation.
    :raises ManualError: one of its kinds; nothing was written.
    :raises engine.declared.DeclaredError: if the numbers make no figure.
    """
    if period.end > today:
        raise NotOverError
    value = ManualValue(
        organisation_id=indicator.organisation_id,
        indicator=indicator,
        period_kind=period.kind,
        period_start=period.start,
        period_end=period.end,
        version=_next_version(indicator, period),
        n=said.n,
        numerator=said.numerator,
        denominator=said.denominator,
        value=said.value,
        source=clean_text(source),
        source_on=source_on,
        document=document.strip(),
        corrects=corrects,
        cause=cause.strip(),
        entered_by=by,
        entered_at=at,
    )
    bonds = bonds_of(indicator)
    if not any(bond.period is period.kind for bond in bonds):
        raise NoPromiseError
    if declared_content(value, bonds) is None:
        raise NoPromiseError
    _refuse_place(value, newest_line(value))
    try:
        with transaction.atomic():
            value.save()
    except IntegrityError as error:
        raise _refusal(error) from error
    _tell("declare", value, by=by, at=at)
    return value


@transaction.atomic
def confirm(*, value: ManualValue, by: User, at: datetime) -> Result:
    """
    Confirm what somebody else entered: from now on it stands, with its figure.

    :returns: the line of the ledger that repeats it.
    :raises SamePersonError: if it is one's own.
    :raises AlreadyDecidedError: if somebody has decided on it already.
    :raises MeasuredError: if the period has been measured since it was entered.
    :raises NotNewestError: if it corrects a version that stands no more.
    """
    # Before anything is read: a worker that measures the same period waits, or has
    # written what we are about to see.
    Indicator.objects.select_for_update(of=("self",)).get(pk=value.indicator_id)
    found = _decided(value, ManualState.CONFIRMED, by=by, at=at)
    line = newest_line(found)
    _refuse_place(found, line)
    content = declared_content(found, bonds_of(found.indicator))
    if content is None:
        raise NoPromiseError
    written = _written(found, line, content, found.cause or DECLARED, by=by, at=at)
    _tell("confirm", found, by=by, at=at, line=written.pk)
    return written


@transaction.atomic
def reject(*, value: ManualValue, reason: str, by: User, at: datetime) -> ManualValue:
    """
    Reject what somebody else entered, and say why.

    :raises NoCauseError: if no reason is given.
    :raises SamePersonError: if it is one's own.
    :raises AlreadyDecidedError: if somebody has decided on it already.
    """
    if not reason.strip():
        raise NoCauseError
    found = _decided(value, ManualState.REJECTED, by=by, at=at, reason=reason.strip())
    _tell("reject", found, by=by, at=at, reason=found.reason)
    return found


def renew(*, indicator: Indicator, at: datetime) -> int:
    """
    Look at an indicator's declared lines again, whose promise may have changed.

    In the transaction of who holds the indicator. A suspension or another edition
    changes what a declared figure is compared with, never its numbers.

    :returns: the number of lines that say something else now.
    """
    newest = (
        Result.objects.filter(indicator=indicator, segment="")
        .select_related("declared")
        .order_by("period_kind", "period_start", "-revision")
        .distinct("period_kind", "period_start")
    )
    declared = [(line, line.declared) for line in newest if line.declared]
    bonds = bonds_of(indicator) if declared else []
    changed = 0
    for line, value in declared:
        content = declared_content(value, bonds)
        if content is not None and _judged_otherwise(line, content):
            _written(value, line, content, _why(line, content), by=None, at=at)
            changed += 1
    return changed


def _judged_otherwise(line: Result, content: Mapping[str, Any]) -> bool:
    # Only what follows from the promise: a number that is another one was forged, and
    # is for the verification to find.
    return any(
        getattr(line, name) != content[name]
        for name in ("status", "comparator", "target")
    )


def _why(line: Result, content: Mapping[str, Any]) -> str:
    same = line.rule_digest == content["rule_digest"]
    return SUSPENDED if same else CHANGED_RULE


def _next_version(indicator: Indicator, period: Period) -> int:
    last = ManualValue.objects.filter(
        indicator=indicator, period_kind=period.kind, period_start=period.start
    ).aggregate(last=Max("version"))["last"]
    return (last or 0) + 1


def _refuse_place(value: ManualValue, line: Result | None) -> None:
    """Refuse a value that the newest line of its period has no room for."""
    standing = line.declared_id if line else None
    if line is not None and standing is None and is_measured(line.n, line.status):
        raise MeasuredError
    if standing != value.corrects_id:
        raise NotNewestError


def _decided(
    value: ManualValue, state: str, *, by: User, at: datetime, reason: str = ""
) -> ManualValue:
    """Decide on a value, once; the WHERE settles who does."""
    found = ManualValue.objects.select_related("indicator").get(pk=value.pk)
    if found.entered_by_id == by.pk:
        raise SamePersonError
    found.state, found.reason = state, reason
    found.decided_by, found.decided_at = by, at
    if state == ManualState.CONFIRMED:
        found.digest = digest_of_value(found)
    waiting = ManualValue.objects.filter(pk=value.pk, state=ManualState.WAITING)
    won = waiting.exclude(entered_by=by).update(
        state=state, reason=reason, decided_by=by, decided_at=at, digest=found.digest
    )
    if not won:
        raise AlreadyDecidedError
    return found


def _written(
    value: ManualValue,
    newest: Result | None,
    content: Mapping[str, Any],
    cause: str,
    *,
    by: User | None,
    at: datetime,
) -> Result:
    """Write the line of a value: the period's first, or the next revision of it."""
    line = newest
    if line is None or line.state != ResultState.PROVISIONAL:
        line = Result(
            organisation_id=value.organisation_id,
            indicator_id=value.indicator_id,
            period_kind=value.period_kind,
            period_start=value.period_start,
            period_end=value.period_end,
        )
    for name, found in content.items():
        setattr(line, name, found)
    line.declared = value
    # No event, calendar or feed has a part in it.
    line.calendars, line.as_of_at = {}, at
    line.feed_until = line.feed_gap_days = line.feed_trusted_until = None
    line.state, before = ResultState.FROZEN, ""
    if newest is not None and newest is not line:
        line.revision, before = newest.revision + 1, newest.seal
        line.state, line.cause, line.restated_by = ResultState.RESTATED, cause, by
    line.seal = seal_of(line, before)
    line.save()
    return line


def _tell(
    verb: str, value: ManualValue, *, by: User, at: datetime, **more: Any
) -> None:
    audit.record(
        verb=f"indicators.{verb}",
        subject=(
            f"{value.indicator.code}/{period_of_value(value).label}/{value.version}"
        ),
        organisation_id=value.organisation_id,
        actor_id=by.pk,
        at=at,
        value=value.pk,
        **more,
    )


def _refusal(error: IntegrityError) -> Exception:
    """Return the error that names what the database refused; itself if none does."""
    diagnostics = getattr(error.__cause__, "diag", None)
    name = getattr(diagnostics, "constraint_name", None) or ""
    refusal = REFUSALS.get(name)
    return error if refusal is None else refusal()
