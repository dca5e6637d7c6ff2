"""
Load the demo town: through the same services as real life, in one transaction.

A load that is cut off leaves nothing, so a town that exists is a whole one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from accounts.enums import Role
from accounts.models import Organisation, Unit, User
from accounts.services.organisations import (
    create_organisation,
    create_person,
    create_unit,
)
from charters.models import Charter, Edition
from charters.services.drafts import open_next
from charters.services.exchange import import_document
from charters.services.publication import Evidence, publish
from commitments.services.suspensions import suspend
from engine.periods import Period, PeriodKind, period_of
from engine.worktime import WorkCalendar
from feedback.services.claims import decide, file_claim
from indicators.models import Indicator, Stream, WorkCalendar as StoredCalendar
from indicators.services import figures
from indicators.services.calendars import save_calendar
from indicators.services.intake import record
from indicators.services.streams import (
    StreamChange,
    issue_token,
    save_stream,
    use_token,
)
from indicators.services.watching import watch
from web.demo.declaring import correct_one, declare_values
from web.demo.events import generate
from web.demo.stories import Story, story
from web.demo.streets import CLEANER, OTHER_CLEANER
from web.demo.town import DAY, DemoEvent, Office, Town, clock

FOLDER = Path(__file__).parent
PASSWORD = "paraula-demo"  # noqa: S105 -- printed on purpose; the command guards it
LINES_AT_ONCE = 10_000
# The charter whose successor is being drafted: it is the next to expire.
RENEWED = "llicencies-activitats"
# The calendar that lacked the local holidays of a year, and the figures that were
# restated when somebody found out, by when the year's figures were final.
LACKING, RESTATED = "dies-enllumenat", "VIA-02"
LOCAL_HOLIDAY, NOTICED_DAYS_LATER, YEAR_DAYS = "(festa local)", 60, 365
MENDED = "Al calendari de la brigada hi faltaven les festes locals de l'últim any"
IMPORTED_DAYS_BEFORE, ADOPTED_DAYS_BEFORE = 60, 22
PUBLISHED_DAYS_BEFORE = 12
# The feed with most to look after: how many events a week are normal, and its keys.
BUSIEST, FEWEST = "incidencies", 20
KEYS = (
    ("Brigada municipal", ""),
    ("Neteja, zona est", CLEANER),
    ("Neteja, zona oest", OTHER_CLEANER),
)
KEYS_DAYS_BEFORE = 15


@dataclass(frozen=True, slots=True)
class DemoClaim:
    """A claim to be filed: its words, its days, and the case behind it."""

    content: dict[str, Any]
    received_at: datetime
    facts_on: date
    story: Story | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load made."""

    organisation: Organisation
    events: int
    claims: int
    final_figures: int


def slug() -> str:
    """Return the short name of the demo's organisation."""
    return str(_read("organisation.json")["slug"])


def people() -> Iterator[tuple[str, str]]:
    """Yield the role and the e-mail of every person of the demo."""
    for person in _read("organisation.json")["users"]:
        yield person["role"], person["email"]


def charters() -> list[dict[str, Any]]:
    """Return the demo's charters as exchange documents."""
    paths = sorted((FOLDER / "charters").glob("*.json"))
    return [_read(f"charters/{path.name}") for path in paths]


def town_of(
    documents: list[dict[str, Any]], *, at: datetime, scale: float = 1.0
) -> Town:
    """Return the town that has these charters, with their calendars and feeds."""
    offices: dict[str, Office] = {}
    windows: dict[str, tuple[date, date]] = {}
    for document in documents:
        for item in document["calendars"]:
            calendar = WorkCalendar.from_definition(item["definition"])
            offices.setdefault(item["code"], Office(calendar))
        for item in document["streams"]:
            windows.setdefault(item["code"], _window(document))
    return Town(now=at, offices=offices, windows=windows, scale=scale)


def planned_claims(town: Town, documents: list[dict[str, Any]]) -> Iterator[DemoClaim]:
    """Yield the claims with their days, of those on which something was promised."""
    windows = {item["charter"]["slug"]: _window(item) for item in documents}
    for number, content in enumerate(_read("claims.json")):
        day = town.today - content["days_ago"] * DAY
        facts_on = day - content["facts_days_before"] * DAY
        name = content["story"]
        first, until = windows[content["charter"]]
        if first <= facts_on < until:
            yield DemoClaim(
                content,
                min(clock(day, 9 + number * 0.7), town.now),
                facts_on,
                story(town, name, facts_on) if name else None,
            )


@transaction.atomic
def load(*, at: datetime, scale: float = 1.0) -> Loaded:
    """
    Load the town as it stands at an instant.

    :param scale: share of the usual number of events.
    :raises django.core.exceptions.ValidationError: if it exists already.
    """
    documents = charters()
    town = town_of(documents, at=at, scale=scale)
    organisation, units, users = _organisation(documents)
    complete = _forget_holidays(documents, town)
    editions = _drafts(documents, organisation, users)
    _assign(editions, units)
    keys = _issue_keys(organisation, users, town)
    claims = list(planned_claims(town, documents))
    streams = generate(town, [claim.story for claim in claims if claim.story])
    # Before publication: nothing is stale yet, so nothing is marked case by case.
    recorded = _record(organisation, streams, town)
    for edition in editions:
        _publish(edition, users)
    for claim in claims:
        _file(claim, organisation, users, town)
    _suspend(organisation, users, town)
    declare_values(_read("declared.json"), organisation, users, town)
    _analyse()
    figures.refresh(at=at)
    frozen = figures.freeze_ended(organisation_id=organisation.pk, at=at)
    recorded += _record_late(organisation, streams, at)
    recorded += correct_one(organisation, users, at)
    _mend_calendar(organisation, complete, users, at)
    figures.refresh(at=at)
    _restate(organisation, users, at)
    _look_after_feeds(organisation, users, town, keys)
    charter = Charter.objects.get(organisation=organisation, slug=RENEWED)
    open_next(charter=charter, by=users[Role.DRAFTER], at=at - 3 * DAY)
    return Loaded(organisation, recorded, len(claims), frozen)


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def _first_day(document: dict[str, Any]) -> date:
    return date.fromisoformat(document["edition"]["valid_from"])


def _window(document: dict[str, Any]) -> tuple[date, date]:
    return _first_day(document), date.fromisoformat(document["edition"]["valid_until"])


def _organisation(
    documents: list[dict[str, Any]],
) -> tuple[Organisation, dict[str, Unit], dict[str, User]]:
    description = _read("organisation.json")
    at = clock(min(map(_first_day, documents)) - 90 * DAY, 9)
    organisation = create_organisation(
        slug=description["slug"],
        name=description["name"],
        time_zone=description["time_zone"],
        country=description["country"],
        subdivision=description["subdivision"],
        procedure=description["procedure"].upper(),
        liability=description["liability"],
        claim_term=description["claim_term"],
        claim_calendar=description["claim_calendar"],
        by=None,
        at=at,
    )
    units: dict[str, Unit] = {}
    for item in description["units"]:
        units[item["code"]] = create_unit(
            organisation=organisation,
            code=item["code"],
            name=item["name"],
            parent=units[item["parent"]] if item["parent"] else None,
            by=None,
            at=at,
        )
    users: dict[str, User] = {}
    for item in description["users"]:
        role = item["role"].upper()
        users[role] = create_person(
            organisation=organisation,
            email=item["email"],
            name=item["name"],
            role=role,
            unit=units[item["unit"]] if item["unit"] else None,
            by=None,
            at=at,
        )
    # One slow hash for all: the password is no secret.
    User.objects.filter(pk__in=[user.pk for user in users.values()]).update(
        password=make_password(PASSWORD)
    )
    return organisation, units, users


def _drafts(
    documents: list[dict[str, Any]], organisation: Organisation, users: dict[str, User]
) -> list[Edition]:
    return [
        import_document(
            document=document,
            organisation=organisation,
            by=users[Role.DRAFTER],
            at=clock(_first_day(document) - IMPORTED_DAYS_BEFORE * DAY, 12.5),
        ).edition
        for document in documents
    ]


def _assign(editions: list[Edition], units: dict[str, Unit]) -> None:
    owners = _read("organisation.json")["charters"]
    for edition in editions:
        edition.charter.unit = units[owners[edition.charter.slug]]
        edition.charter.save(update_fields=["unit"])


def _publish(edition: Edition, users: dict[str, User]) -> None:
    if edition.valid_from is None:
        msg = f"{edition} has no first day"
        raise ValueError(msg)
    adopted = edition.valid_from - ADOPTED_DAYS_BEFORE * DAY
    published = edition.valid_from - PUBLISHED_DAYS_BEFORE * DAY
    publish(
        edition=edition,
        by=users[Role.PUBLISHER],
        at=clock(published, 9.5),
        evidence=Evidence(
            authority="Ple municipal",
            act_number=f"{adopted.year}/{100 + edition.pk % 100}",
            act_on=adopted,
            gazette=f"BOP, {published:%d/%m/%Y}",
        ),
    )


def _record(
    organisation: Organisation, streams: dict[str, list[DemoEvent]], town: Town
) -> int:
    """Record what came in time, quarter by quarter as it came."""
    recorded = 0
    for stream in Stream.objects.filter(organisation=organisation, code__in=streams):
        events = [event for event in streams[stream.code] if not event.late]
        for quarter, batch in groupby(events, key=_quarter):
            received = min(town.now, clock(quarter.end, 6))
            recorded += _take(stream, list(batch), received)
    return recorded


def _quarter(event: DemoEvent) -> Period:
    return period_of(event.at.date(), PeriodKind.QUARTER)


def _record_late(
    organisation: Organisation, streams: dict[str, list[DemoEvent]], at: datetime
) -> int:
    """Record what came after the figures were final: it restates them."""
    found = Stream.objects.filter(organisation=organisation, code__in=streams)
    return sum(
        _take(stream, late, at)
        for stream in found
        if (late := [event for event in streams[stream.code] if event.late])
    )


def _issue_keys(
    organisation: Organisation, users: dict[str, User], town: Town
) -> list[str]:
    """Give the busiest feed keys, before anything is sent with them."""
    first, _until = town.windows[BUSIEST]
    stream = Stream.objects.get(organisation=organisation, code=BUSIEST)
    return [
        issue_token(
            stream=stream,
            label=label,
            operator=operator,
            by=users[Role.DATA_STEWARD],
            at=clock(first - KEYS_DAYS_BEFORE * DAY, 10),
        )
        for label, operator in KEYS
    ]


def _look_after_feeds(
    organisation: Organisation, users: dict[str, User], town: Town, keys: list[str]
) -> None:
    """Say what is normal for the busiest feed, and look at all."""
    at = town.now
    stream = Stream.objects.get(organisation=organisation, code=BUSIEST)
    change = StreamChange(
        name=stream.name,
        time_zone=stream.time_zone,
        types=stream.types,
        attributes=stream.attributes,
        expected_gap_days=stream.expected_gap_days,
        expected_week_events=max(1, round(FEWEST * town.scale)),
        expected_delay_hours=0,
        calendar=None,
        pseudonymous=False,
    )
    steward = users[Role.DATA_STEWARD]
    save_stream(
        stream=stream, revision=stream.revision, change=change, by=steward, at=at
    )
    for key in keys:
        # Nobody keeps these keys: whoever wants to send something makes another.
        use_token(stream=stream, key=key, at=at)
    watch(at=at)


def _take(stream: Stream, events: list[DemoEvent], at: datetime) -> int:
    """Record what was sent, each sender's events with its own key."""
    operators = sorted({event.operator for event in events})
    return sum(
        _send(stream, [event for event in events if event.operator == operator], at)
        for operator in operators
    )


def _send(stream: Stream, events: list[DemoEvent], at: datetime) -> int:
    """Record the events of one sender."""
    recorded = 0
    for first in range(0, len(events), LINES_AT_ONCE):
        batch = events[first : first + LINES_AT_ONCE]
        receipt = record(
            stream=stream,
            lines=((number, event.line()) for number, event in enumerate(batch, 1)),
            at=at,
            operator=batch[0].operator,
        )
        if receipt.refused:
            refusal = receipt.refused[0]
            msg = f"{stream.code} refused {refusal.id}: {refusal.detail}"
            raise ValueError(msg)
        recorded += receipt.recorded
    return recorded


def _file(
    claim: DemoClaim, organisation: Organisation, users: dict[str, User], town: Town
) -> None:
    content = claim.content
    filed = file_claim(
        charter=Charter.objects.get(organisation=organisation, slug=content["charter"]),
        commitment_code=content["commitment"],
        facts_on=claim.facts_on,
        narrative=content["narrative"],
        language=content["language"],
        at=claim.received_at,
        wish=content["wish"],
        case_key=claim.story.case if claim.story else "",
    )
    if content["answered_after_days"] is None:
        return
    days = content["answered_after_days"] - content["days_ago"]
    # On the last working day up to then: nobody answers on a Sunday.
    office = town.offices[organisation.claim_calendar]
    answered = clock(office.before(town.today + days * DAY, 0), 19.5)
    decide(
        claim=filed.claim,
        outcome=content["state"],
        answer=content["answer"],
        by=users[Role.CLAIM_HANDLER],
        at=max(answered, claim.received_at),
    )


def _forget_holidays(documents: list[dict[str, Any]], town: Town) -> dict[str, Any]:
    """
    Take the local holidays of a year out of a calendar of the documents.

    :returns: what the calendar should have said.
    """
    calendar = next(
        item
        for document in documents
        for item in document["calendars"]
        if item["code"] == LACKING
    )
    complete: dict[str, Any] = calendar["definition"]
    until = town.today - NOTICED_DAYS_LATER * DAY
    since = until - YEAR_DAYS * DAY
    holidays = {
        day: name
        for day, name in complete["holidays"].items()
        if LOCAL_HOLIDAY not in name or not since <= date.fromisoformat(day) < until
    }
    calendar["definition"] = complete | {"holidays": holidays}
    return complete


def _mend_calendar(
    organisation: Organisation,
    complete: dict[str, Any],
    users: dict[str, User],
    at: datetime,
) -> None:
    calendar = StoredCalendar.objects.get(organisation=organisation, code=LACKING)
    save_calendar(
        calendar=calendar,
        number=1,
        name=calendar.name,
        definition=complete,
        reason=MENDED,
        by=users[Role.DATA_STEWARD],
        at=at,
    )


def _restate(organisation: Organisation, users: dict[str, User], at: datetime) -> None:
    indicator = Indicator.objects.get(organisation=organisation, code=RESTATED)
    figures.restate(
        indicators=[indicator.pk],
        period=None,
        cause=MENDED,
        by=users[Role.MANAGER],
        at=at,
    )


def _suspend(organisation: Organisation, users: dict[str, User], town: Town) -> None:
    """Suspend commitments, those of charters that were in force then."""
    for item in _read("suspensions.json"):
        charter = Charter.objects.get(organisation=organisation, slug=item["charter"])
        first, until = _day(item["from"], town), _day(item["until"], town)
        if first is None or not charter.editions.filter(valid_from__lte=first).exists():
            continue
        suspend(
            charter=charter,
            commitment=item["commitment"],
            cause=item["cause"],
            consequences=item["consequences"],
            covers=item["covers"],
            from_on=first,
            until_on=until,
            resolution=item["resolution"].format(year=first.year),
            resolved_on=first,
            by=users[Role.APPROVER],
            at=clock(first, 13.2),
        )


def _day(description: dict[str, int] | None, town: Town) -> date | None:
    """Return a day that is told in days or whole months before today."""
    if description is None:
        return None
    if "days_ago" in description:
        return town.today - description["days_ago"] * DAY
    return town.month(description["months_ago"])


def _analyse() -> None:
    """Tell the planner how much there is now: statistics come only after a commit."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE indicators_serviceevent")
