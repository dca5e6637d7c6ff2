"""Write work calendars."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Organisation
from core.text import Text
from engine.worktime import WorkCalendar as Compiled
from indicators.models import CalendarVersion, Indicator, WorkCalendar
from indicators.queries.computing import newest_version
from indicators.services.marks import mark_indicators


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
    WorkCalendar.objects.select_for_update(of=("self",)).get(pk=calendar.pk)
    canonical = json.dumps(definition, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    newest = newest_version(calendar)
    if newest is not None and newest.digest == digest:
        return newest
    version = CalendarVersion.objects.create(
        organisation=organisation,
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
