"""What the town declares by hand, and the one event that it corrected by hand."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle
from typing import Any

from accounts.enums import Role
from accounts.models import Organisation, User
from engine.declared import Declared
from engine.periods import Period
from indicators.models import Indicator, ManualValue, ServiceEvent
from indicators.queries.declared import open_periods
from indicators.services.corrections import Right, correct
from indicators.services.declared import confirm, declare
from web.demo.town import DAY, Town, clock

ENTERED_DAYS_AFTER, CONFIRMED_DAYS_AFTER = 10, 12
CORRECTED_DAYS_AFTER = 25
# A report closed by hand on the wrong day, of a month whose figures are final.
CORRECTED_STREAM, CORRECTED_TYPE = "incidencies", "closed"
FOUND_DAYS_LATER, CLOSED_LATER = 150, timedelta(days=12)
WHY = "Segons el full de treball, la brigada va acabar dotze dies més tard"


def declare_values(
    description: dict[str, Any],
    organisation: Organisation,
    users: dict[str, User],
    town: Town,
) -> None:
    """Declare every quarter that is over; the last one waits for a second person."""
    indicator = Indicator.objects.get(
        organisation=organisation, code=description["indicator"]
    )
    periods = sorted(open_periods(indicator, today=town.today))
    numbers = zip(
        periods, cycle(description["planned"]), cycle(description["done"]), strict=False
    )
    correction = description["correction"]
    for index, (period, planned, done) in enumerate(numbers):
        entered = _at(period, ENTERED_DAYS_AFTER, town)
        value = _declare(
            indicator, description, period, planned, done, users, at=entered
        )
        if period == periods[-1]:
            continue
        confirmed = _at(period, CONFIRMED_DAYS_AFTER, town)
        confirm(value=value, by=users[Role.MANAGER], at=confirmed)
        if index == correction["quarter"]:
            late = _at(period, CORRECTED_DAYS_AFTER, town)
            again = _declare(
                indicator,
                description,
                period,
                planned,
                correction["done"],
                users,
                at=late,
                corrects=value,
                cause=correction["cause"],
            )
            confirm(value=again, by=users[Role.APPROVER], at=late + 2 * DAY)


def _declare(
    indicator: Indicator,
    description: dict[str, Any],
    period: Period,
    planned: int,
    done: int,
    users: dict[str, User],
    *,
    at: datetime,
    corrects: ManualValue | None = None,
    cause: str = "",
) -> ManualValue:
    return declare(
        indicator=indicator,
        period=period,
        said=Declared(planned, numerator=Decimal(done), denominator=Decimal(planned)),
        source=description["source"],
        source_on=at.date(),
        document=description["document"].format(
            year=period.start.year, quarter=period.start.month // 3 + 1
        ),
        cause=cause,
        corrects=corrects,
        by=users[Role.DATA_STEWARD],
        today=at.date(),
        at=at,
    )


def _at(period: Period, days: int, town: Town) -> datetime:
    return min(clock(period.end + days * DAY, 10.4), town.now)


def correct_one(
    organisation: Organisation, users: dict[str, User], at: datetime
) -> int:
    """Correct the latest event that is old enough; say how many there were."""
    log = ServiceEvent.objects.filter(
        organisation=organisation, stream__code=CORRECTED_STREAM
    )
    replaced = log.filter(replaces__isnull=False).values("replaces")
    found = (
        log.filter(
            type=CORRECTED_TYPE, occurred_at__lt=at - timedelta(days=FOUND_DAYS_LATER)
        )
        .exclude(external_id__in=replaced)
        .select_related("stream")
        .order_by("-occurred_at")
        .first()
    )
    if found is None:
        return 0
    right = Right(
        found.case_key,
        found.type,
        found.occurred_at + CLOSED_LATER,
        found.value,
        found.attributes,
    )
    correct(event=found, right=right, reason=WHY, by=users[Role.DATA_STEWARD], at=at)
    return 1
