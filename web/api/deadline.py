"""When a term is due, and why: for other programs."""

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from accounts.models import Organisation
from engine.explanations import TooManyDaysError, explain_deadline, instant_at
from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    Derivation,
    Term,
    TermError,
    WorktimeError,
)
from indicators.models import CalendarVersion
from indicators.queries.computing import compiled
from indicators.queries.explaining import calendar_version
from web.api.problems import ProblemError
from web.caching import etag_of, keep

NEEDED = ("org", "start", "amount", "unit")
KNOWN = frozenset(
    {*NEEDED, "calendar", "day_one", "roll", "entry", "ends", "cut_off", "from"}
)
# Without an exponent, which a few letters can make enormous.
AMOUNT = re.compile(r"[0-9]{1,11}(\.[0-9]{1,9})?", re.ASCII)
YES_AND_NO = {"true": True, "false": False}


# It only reads: another site can do no harm with it.
@csrf_exempt
def deadline(request: HttpRequest) -> HttpResponse:
    """Say when a term is due and derive it, day by day."""
    try:
        return _answer(request)
    except ProblemError as error:
        return error.response()


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        raise ProblemError(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "a deadline can only be read",
            headers={"Allow": "GET, HEAD"},
        )
    asked = _asked(request.GET)
    organisation = _organisation(asked["org"])
    version = _version(organisation, asked.get("calendar", ""))
    etag = etag_of([version.digest if version else "", sorted(asked.items())])
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return keep(unchanged, etag=etag)
    zone = compiled(version).zone if version else ZoneInfo(organisation.time_zone)
    told = _derived(_start(asked["start"], zone), _term(asked), version, zone)
    return keep(JsonResponse(_told(organisation, version, told)), etag=etag)


def _asked(query: QueryDict) -> dict[str, str]:
    asked = {name: query.get(name, "") for name in query}
    unknown = sorted(set(asked) - KNOWN)
    if unknown:
        raise _bad("unknown_parameter", f"{unknown[0]}: not a parameter of a deadline")
    missing = [name for name in NEEDED if not asked.get(name)]
    if missing:
        raise _bad("missing_parameter", f"{missing[0]}: missing")
    if any("\x00" in value for value in asked.values()):
        raise _bad("bad_parameter", "a parameter holds a null character")
    return {name: value for name, value in asked.items() if value}


def _organisation(slug: str) -> Organisation:
    found = Organisation.objects.filter(slug=slug).first()
    if found is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            f"org: there is no organisation {slug}",
            code="unknown_organisation",
        )
    return found


def _version(organisation: Organisation, code: str) -> CalendarVersion | None:
    if not code:
        return None
    found = calendar_version(organisation, code)
    if found is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            f"calendar: {organisation.slug} has no calendar {code}",
            code="unknown_calendar",
        )
    return found


def _start(text: str, zone: ZoneInfo) -> datetime:
    # A plus sign that was not escaped arrives as a space.
    day, space, offset = text.rpartition(" ")
    if "T" in day and space and not offset.startswith(("+", "-")):
        text = f"{day}+{offset}"
    try:
        start = datetime.fromisoformat(text)
        return instant_at(start, zone) if start.tzinfo is None else start
    except (ValueError, OverflowError) as error:
        raise _bad(
            "bad_start",
            f"start: {text!r} is no instant such as 2026-03-02T10:00:00+01:00, nor one"
            " in the civil time of the office such as 2026-03-02T10:00",
        ) from error


def _term(asked: Mapping[str, str]) -> Term:
    definition: dict[str, Any] = {
        name: asked[name]
        for name in ("amount", "unit", "day_one", "entry", "ends")
        if name in asked
    }
    if "cut_off" in asked or "from" in asked:
        definition["entry"] = {name: asked.get(name) for name in ("cut_off", "from")}
    if "roll" in asked:
        definition["roll"] = YES_AND_NO.get(asked["roll"], asked["roll"])
    if not AMOUNT.fullmatch(asked["amount"]):
        raise _bad("bad_term", f"amount: {asked['amount']!r} is no amount such as 2.5")
    try:
        return Term.from_definition(definition)
    except TermError as error:
        raise _bad("bad_term", str(error)) from error


def _derived(
    start: datetime, term: Term, version: CalendarVersion | None, zone: ZoneInfo
) -> Derivation:
    calendar = None if version is None else compiled(version)
    try:
        return explain_deadline(start, term, calendar, zone=zone)
    except BeyondCalendarError as error:
        raise _not_computable("not_computable", error) from error
    except TooManyDaysError as error:
        raise _not_computable("too_long", error) from error
    except WorktimeError as error:
        raise _not_computable("needs_calendar", error) from error


def _told(
    organisation: Organisation, version: CalendarVersion | None, told: Derivation
) -> dict[str, Any]:
    due = told.due_at
    local = due and (due - RESOLUTION).astimezone(ZoneInfo(told.zone))
    return {
        "organisation": organisation.slug,
        "calendar": version and _calendar(version),
        "due_at": due and due.isoformat(),
        "last_day": local and local.date().isoformat(),
        "derivation": told.as_json(),
    }


def _calendar(version: CalendarVersion) -> dict[str, Any]:
    calendar = compiled(version)
    return {
        "code": version.calendar.code,
        "version": version.number,
        "digest": version.digest,
        "known_from": calendar.known_from.isoformat(),
        "known_until": calendar.known_until.isoformat(),
    }


def _bad(code: str, detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, detail, code=code)


def _not_computable(code: str, error: WorktimeError) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), code=code)
