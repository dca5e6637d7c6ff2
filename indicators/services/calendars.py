"""
Write work calendars.

What a calendar says is never changed, only said anew: every save is a version, and
the figures that were made final with an older one stay as they are.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Organisation, User
from core import audit
from core.text import Text
from engine.worktime import WorkCalendar as Compiled
from indicators.models import CalendarVersion, Indicator, WorkCalendar
from indicators.queries.calendars import AUDIT_VERB, audit_subject
from indicators.queries.computing import newest_version
from indicators.services.marks import mark_indicators


class CalendarExistsError(Exception):
    """The organisation has a calendar of that code; nothing was written."""


class StaleCalendarError(Exception):
    """Somebody else saved a version since this one was opened; nothing was written."""


@transaction.atomic
def put_calendar(
    *,
    organisation: Organisation,
    code: str,
    name: Text,
    definition: dict[str, Any],
    at: datetime,
) -> CalendarVersion:
    """
    Make sure that a calendar says this from now on.

    A definition that differs from the newest becomes a new version, and whatever is
    measured with the calendar becomes stale; the old versions stay.

    :raises engine.worktime.CalendarError: if the definition makes no sense.
    """
    Compiled.from_definition(definition)
    calendar, _new = WorkCalendar.objects.get_or_create(
        organisation=organisation, code=code, defaults={"name": name}
    )
    return _say(calendar, _locked(calendar), definition, at)


@transaction.atomic
def open_calendar(
    *,
    organisation: Organisation,
    code: str,
    name: Text,
    definition: dict[str, Any],
    by: User,
    at: datetime,
) -> CalendarVersion:
    """
    Begin a calendar.

    :returns: its first version.
    :raises CalendarExistsError: if the organisation has one of that code.
    :raises engine.worktime.CalendarError: if the definition makes no sense.
    """
    Compiled.from_definition(definition)
    calendar, new = WorkCalendar.objects.get_or_create(
        organisation=organisation, code=code, defaults={"name": name}
    )
    if not new:
        raise CalendarExistsError
    version = _say(calendar, None, definition, at)
    _record(version, by=by, at=at)
    return version


def copy_calendar(
    *, calendar: WorkCalendar, code: str, name: Text, by: User, at: datetime
) -> CalendarVersion:
    """
    Begin a calendar that says what another one says now; from then on they part.

    :returns: its first version.
    :raises CalendarExistsError: if the organisation has one of that code.
    :raises CalendarVersion.DoesNotExist: if the other one says nothing yet.
    """
    newest = newest_version(calendar)
    if newest is None:
        raise CalendarVersion.DoesNotExist
    return open_calendar(
        organisation=calendar.organisation,
        code=code,
        name=name,
        definition=newest.definition,
        by=by,
        at=at,
    )


@transaction.atomic
def save_calendar(
    *,
    calendar: WorkCalendar,
    number: int,
    name: Text,
    definition: dict[str, Any],
    reason: str,
    by: User,
    at: datetime,
) -> CalendarVersion:
    """
    Say what a calendar says from now on, if nobody has said anything else meanwhile.

    Whatever is measured with it becomes stale. A name alone makes no version.

    :param number: of the version that the change was made from.
    :param reason: why it changes, for those who read its history.
    :returns: the new version; the newest as it was if the definition is the same.
    :raises StaleCalendarError: if there is a later version.
    :raises engine.worktime.CalendarError: if the definition makes no sense.
    """
    Compiled.from_definition(definition)
    newest = _locked(calendar)
    if newest is None or newest.number != number:
        raise StaleCalendarError
    WorkCalendar.objects.filter(pk=calendar.pk).update(name=name)
    version = _say(calendar, newest, definition, at)
    _record(version, by=by, at=at, reason=reason)
    return version


def _locked(calendar: WorkCalendar) -> CalendarVersion | None:
    """Return what a calendar says now; until the transaction ends nobody else says."""
    WorkCalendar.objects.select_for_update(of=("self",)).get(pk=calendar.pk)
    return newest_version(calendar)


def _say(
    calendar: WorkCalendar,
    newest: CalendarVersion | None,
    definition: dict[str, Any],
    at: datetime,
) -> CalendarVersion:
    canonical = json.dumps(definition, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    if newest is not None and newest.digest == digest:
        return newest
    version = CalendarVersion.objects.create(
        organisation=calendar.organisation,
        calendar=calendar,
        number=newest.number + 1 if newest else 1,
        definition=definition,
        digest=digest,
        created_at=at,
    )
    mark_indicators(
        Indicator.objects.filter(rules__calendar=calendar).distinct(), at=at
    )
    return version


def _record(
    version: CalendarVersion, *, by: User, at: datetime, reason: str = ""
) -> None:
    audit.record(
        verb=AUDIT_VERB,
        subject=audit_subject(version.calendar.code, version.number),
        organisation_id=version.organisation_id,
        actor_id=by.pk,
        at=at,
        reason=reason,
    )
