"""
By when will it be answered: what is promised, counted day by day.

No personal data and no session: an address says everything that is asked, so that its
answer is the same for everybody and can be kept.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext as _
from django.views.decorators.http import conditional_page, require_safe
from icalendar import Calendar, Event

from accounts.models import Organisation
from core.text import words
from engine.explanations import TooManyDaysError, explain_deadline, instant_at
from engine.worktime import (
    BeyondCalendarError,
    Derivation,
    Term,
    WorktimeError,
)
from indicators.forms.deadlines import PromiseForm, TermForm, WhenForm
from indicators.models import CalendarVersion
from indicators.queries.computing import compiled
from indicators.queries.deadlines import PromisedTerm, newest_versions, promised_terms
from web.caching import keep
from web.presenters.deadlines import (
    as_query,
    calendar_choices,
    deadline_view,
    last_day_of,
    next_day,
    promise_choices,
    promise_words,
)
from web.presenters.derivations import due_words, term_words
from web.presenters.periods import day_words


@dataclass(frozen=True, slots=True)
class Desk:
    """What an organisation can be asked on a day, in a reader's language."""

    organisation: Organisation
    language: str
    today: date
    terms: Mapping[str, PromisedTerm]
    versions: Mapping[str, CalendarVersion]


@dataclass(frozen=True, slots=True)
class Answer:
    """A deadline with what it is the deadline of."""

    told: Derivation
    item: PromisedTerm | None
    version: CalendarVersion | None


@require_safe
@conditional_page
def calculator(request: HttpRequest, organisation: str) -> HttpResponse:
    """Ask which promise and when; say by when it is promised, and why."""
    now = timezone.now()
    desk = _desk(organisation, request.GET, now)
    promise_form, term_form = _forms(desk, request.GET, now)
    form = _asked(promise_form, term_form)
    answer = _answer(desk, form) if form is not None and form.is_valid() else None
    faulty = form is not None and bool(form.errors)
    context = {
        "organisation": desk.organisation,
        "organisation_name": _name(desk),
        "promise_form": promise_form,
        "term_form": term_form,
        "form": form,
        "terms": desk.terms,
        **(_shown(desk, answer, form) if answer and form else {"deadline": None}),
    }
    if faulty:
        return render(
            request,
            "public/calculator.html",
            context,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    return keep(render(request, "public/calculator.html", context))


@require_safe
@conditional_page
def calendar_file(request: HttpRequest, organisation: str) -> HttpResponse:
    """Give the last day of a deadline as an iCalendar."""
    now = timezone.now()
    desk = _desk(organisation, request.GET, now)
    form = _asked(*_forms(desk, request.GET, now))
    answer = _answer(desk, form) if form is not None and form.is_valid() else None
    if answer is None or form is None:
        raise Http404
    page = request.build_absolute_uri(
        f"{reverse('public:deadline', args=[organisation])}?{_query(form)}"
    )
    response = HttpResponse(
        _icalendar(desk, answer, page, now),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="deadline.ics"'},
    )
    return keep(response)


# What is asked.


def _desk(slug: str, query: QueryDict, now: datetime) -> Desk:
    organisation = get_object_or_404(Organisation, slug=slug)
    today = now.astimezone(ZoneInfo(organisation.time_zone)).date()
    # The promises of the day that is asked about, where it is one.
    asked = WhenForm({"day": query.get("day", ""), "time": "00:00"})
    day = asked.cleaned_data["day"] if asked.is_valid() else today
    versions = newest_versions(organisation)
    terms = promised_terms(organisation, on=day, versions=versions)
    return Desk(
        organisation=organisation,
        language=get_language() or organisation.language,
        today=today,
        terms={item.code: item for item in terms},
        versions={item.calendar.code: item for item in versions.values()},
    )


def _forms(desk: Desk, query: QueryDict, now: datetime) -> tuple[PromiseForm, TermForm]:
    local = now.astimezone(ZoneInfo(desk.organisation.time_zone))
    initial = {"day": local.date().isoformat(), "time": f"{local:%H:%M}"}
    # Whoever asks about a promise without saying when asks about now.
    asked = initial | {name: query.get(name, "") for name in query}
    asked["promise"] = _promise(desk, query.get("promise", ""))
    promise_form = PromiseForm(
        asked if "promise" in query else None,
        promises=promise_choices(desk.terms.values(), language=desk.language),
        initial=initial,
        auto_id="promise-%s",
    )
    term_form = TermForm(
        asked if "amount" in query and "promise" not in query else None,
        calendars=calendar_choices(desk.versions.values(), language=desk.language),
        initial=initial,
        auto_id="term-%s",
    )
    return promise_form, term_form


def _promise(desk: Desk, code: str) -> str:
    """Take the name of an indicator for its first term."""
    if code in desk.terms:
        return code
    several = (name for name in desk.terms if name.startswith(f"{code}."))
    return next(several, code)


def _asked(promise_form: PromiseForm, term_form: TermForm) -> WhenForm | None:
    if promise_form.is_bound:
        return promise_form
    return term_form if term_form.is_bound else None


# What is answered.


def _answer(desk: Desk, form: WhenForm) -> Answer | None:
    """Derive the deadline; what cannot be told becomes an error of the form."""
    item: PromisedTerm | None = None
    if isinstance(form, PromiseForm):
        item = desk.terms[form.cleaned_data["promise"]]
        term, version = item.term, item.calendar
    else:
        term = form.cleaned_data["term"]
        version = desk.versions[form.cleaned_data["calendar"]]
    try:
        return Answer(_derived(desk, form, term, version), item, version)
    except BeyondCalendarError:
        form.add_error(None, _beyond(version))
    except TooManyDaysError:
        form.add_error(
            None, _("The term is longer than twenty years: too many days to tell.")
        )
    except WorktimeError:
        form.add_error(None, _("This term cannot be counted without a calendar."))
    return None


def _derived(
    desk: Desk, form: WhenForm, term: Term, version: CalendarVersion | None
) -> Derivation:
    calendar = None if version is None else compiled(version)
    zone = calendar.zone if calendar else ZoneInfo(desk.organisation.time_zone)
    start = instant_at(form.starts(), zone)
    return explain_deadline(start, term, calendar, zone=zone)


def _beyond(version: CalendarVersion | None) -> str:
    if version is None:
        return _("The term runs beyond the days that can be counted.")
    return _(
        "The calendar knows the holidays from %(first)s and up to %(last)s only, and the "
        "count needs other days: it cannot be told yet."
    ) % _known(version)


def _known(version: CalendarVersion) -> dict[str, str]:
    calendar = compiled(version)
    return {
        "first": day_words(calendar.known_from),
        "last": day_words(calendar.known_until - timedelta(days=1)),
    }


def _shown(desk: Desk, answer: Answer, form: WhenForm) -> dict[str, object]:
    """Return what the page shows of an answer."""
    view = deadline_view(answer.told, answer.item, language=desk.language)
    code = answer.version.calendar.code if answer.version else ""
    query = as_query(answer.told, organisation=desk.organisation.slug, calendar=code)
    return {
        "deadline": view,
        "data_url": f"{reverse('api:deadline')}?{query}",
        "asked": _query(form),
    }


def _query(form: WhenForm) -> str:
    """Write again what was asked, with the day and time that were meant."""
    return urlencode({name: form.data[name] for name in form.fields})


def _name(desk: Desk) -> str:
    organisation = desk.organisation
    return (
        words(organisation.name, desk.language, source=organisation.language).text
        or organisation.slug
    )


# As a file.


def _icalendar(desk: Desk, answer: Answer, page: str, now: datetime) -> bytes:
    """Write the last day as an event of that whole day (RFC 5545)."""
    last = last_day_of(answer.told)
    entry = Event()
    entry.add("uid", f"{hashlib.sha256(page.encode()).hexdigest()[:32]}@paraula")
    # By the day, so that the same question has the same answer for as long.
    entry.add("dtstamp", datetime.combine(now.date(), time(), UTC))
    entry.add("dtstart", last)
    entry.add("dtend", next_day(last))
    entry.add("summary", _summary(desk, answer), parameters={"LANGUAGE": desk.language})
    entry.add("description", _description(answer, page))
    entry.add("url", page)
    entry.add("transp", "TRANSPARENT")
    file = Calendar()
    file.add("version", "2.0")
    file.add("prodid", "-//Paraula//Deadlines//EN")
    file.add_component(entry)
    written: bytes = file.to_ical()
    return written


def _summary(desk: Desk, answer: Answer) -> str:
    if answer.item is None:
        term = "" if answer.told.term is None else term_words(answer.told.term)
        return _("Last day of the term: %(term)s") % {"term": term}
    return _("Last day that is promised: %(promise)s") % {
        "promise": promise_words(answer.item, desk.language)
    }


def _description(answer: Answer, page: str) -> str:
    if answer.told.due_at is None:
        return page
    return f"{due_words(answer.told.due_at, answer.told.zone)}\n{page}"
