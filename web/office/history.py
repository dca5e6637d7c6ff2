"""The log of a stream for those who check it: corrections, voids and what followed."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC
from http import HTTPStatus
from itertools import pairwise
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from charters.enums import EditionState
from charters.forms import form_faults
from core import audit
from core.spreadsheets import csv_lines, harmless
from engine.periods import parse_period
from indicators.forms.correcting import CorrectForm
from indicators.models import IndicatorRule, ServiceEvent, Stream
from indicators.queries.history import (
    HistoryFilter,
    case_history,
    chain_of,
    history_page,
    history_rows,
    reasons_of,
    replaced_by,
    restated_after,
    void_types,
)
from indicators.queries.pseudonyms import UnknownSecretError
from indicators.services.causes import LATE_EVENTS
from indicators.services.corrections import (
    AlreadyReplacedError,
    RefusedError,
    UnchangedError,
    correct,
    void,
)
from web.office.access import StaffRequest, render_office, requires
from web.office.feed_pages import NO_SECRET, crumbs_of, name_of, stream_of
from web.presenters.history import Around, EventView, event_views, restated_views

HISTORY = gettext_lazy("Events and corrections")
PAGE = 50
CHUNK = 2_000
COLUMNS = (
    "id", "case", "type", "occurred_at", "received_at", "value", "attributes",
    "replaces", "replaced_by", "digest",
)  # fmt: skip


@require_safe
@requires("results.view")
def events(request: StaffRequest, stream: str) -> HttpResponse:
    """List a stream's events, or only its corrections, by period."""
    found = stream_of(request, stream)
    chosen = _filter(request, found)
    page = history_page(chosen, after=request.GET.get("after", ""), size=PAGE)
    return render_office(
        request,
        "office/history.html",
        {
            **_about(request, found),
            "rows": _views(found, page.events, page.replaced),
            "period": chosen.period.label if chosen.period else "",
            "wrong_period": bool(request.GET.get("period")) and chosen.period is None,
            "corrections": chosen.corrections,
            "later": "after" in request.GET,
            "following": _query(chosen, page.following) if page.following else "",
            "first": _query(chosen, ""),
        },
    )


@require_safe
@requires("events.export")
def file(request: StaffRequest, stream: str) -> HttpResponseBase:
    """Send the same list as a file, whole, as it is read."""
    found = stream_of(request, stream)
    chosen = _filter(request, found)
    audit.record(
        verb="indicators.export_history",
        subject=found.code,
        organisation_id=found.organisation_id,
        actor_id=request.user.pk,
        at=timezone.now(),
        period=chosen.period.label if chosen.period else None,
        corrections=chosen.corrections,
    )
    response = StreamingHttpResponse(
        _lines(chosen), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="events.csv"'
    return response


@require_safe
@requires("results.view")
def case(request: StaffRequest, stream: str, case: str) -> HttpResponse:
    """Tell everything that the log has of a case, what was replaced among it."""
    found = stream_of(request, stream)
    rows = [] if "\x00" in case else case_history(found, case)
    title = _("Events of the case %(case)s") % {"case": case}
    return render_office(
        request,
        "office/history_case.html",
        {
            **_about(request, found, title),
            "rows": _views(found, rows, replaced_by(found, rows)),
        },
        status=HTTPStatus.OK if rows else HTTPStatus.NOT_FOUND,
    )


@require_safe
@requires("results.view")
def event(request: StaffRequest, stream: str, pk: int) -> HttpResponse:
    """Tell of one event: all its versions, and the figures that were restated."""
    found = stream_of(request, stream)
    asked = _event(found, pk)
    chain = _chain(asked)
    title = _("Event %(id)s") % {"id": asked.external_id}
    lines = restated_after(chain, cause=LATE_EVENTS)
    return render_office(
        request,
        "office/history_event.html",
        {
            **_about(request, found, title),
            "event": asked,
            "rows": _views(found, chain, {e.external_id: e for e in chain}),
            "restated": restated_views(lines, _rules(found), found.time_zone),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires("events.correct")
def correct_event(request: StaffRequest, stream: str, pk: int) -> HttpResponse:
    """Correct or void an event: another one replaces it, with its reason."""
    found = stream_of(request, stream)
    asked = _event(found, pk)
    late = _chain(asked)[-1] != asked
    form = CorrectForm(request.POST if request.method == "POST" else None, event=asked)
    if not late and form.is_valid():
        try:
            made = _record(form, by=request.user)
        except UnchangedError:
            form.add_error("act", _("Nothing of it would be different."))
        except RefusedError as error:
            form.add_error(
                "act",
                _("The log does not take it: %(detail)s") % {"detail": error},
            )
        except UnknownSecretError:
            form.add_error("act", str(NO_SECRET))
        except AlreadyReplacedError:
            late = True
        else:
            messages.success(
                request,
                _("The correction is recorded. The figures are computed again."),
            )
            return redirect(
                "office:history-event", found.organisation.slug, found.code, made.pk
            )
    title = _("Correct the event %(id)s") % {"id": asked.external_id}
    return render_office(
        request,
        "office/history_correct.html",
        {
            **_about(request, found, title),
            "event": asked,
            "form": form,
            "faults": [] if late else form_faults(form),
            "late": late,
        },
        status=409 if late and request.method == "POST" else 200,
    )


def _record(form: CorrectForm, *, by: User) -> ServiceEvent:
    now, reason = timezone.now(), form.cleaned_data["reason"]
    if form.voids:
        return void(event=form.event, reason=reason, by=by, at=now)
    return correct(event=form.event, right=form.right(), reason=reason, by=by, at=now)


def _event(stream: Stream, pk: int) -> ServiceEvent:
    found: ServiceEvent = get_object_or_404(
        ServiceEvent.objects.select_related("stream"), stream=stream, pk=pk
    )
    return found


def _chain(event: ServiceEvent) -> list[ServiceEvent]:
    """Return an event's versions, each with what replaces it."""
    chain = chain_of(event)
    for one, later in pairwise(chain):
        vars(one)["replaced_by"] = later.external_id
    for one in chain:
        one.stream = event.stream
    return chain


def _filter(request: StaffRequest, stream: Stream) -> HistoryFilter:
    """Read what to list; what is none chooses everything."""
    try:
        period = parse_period(request.GET.get("period", "").strip())
    except ValueError:
        period = None
    return HistoryFilter(stream, period, bool(request.GET.get("corrections")))


def _query(chosen: HistoryFilter, cursor: str) -> str:
    """Return the address of another page of the same list, without its path."""
    asked = {
        "period": chosen.period.label if chosen.period else "",
        "corrections": "1" if chosen.corrections else "",
        "after": cursor,
    }
    return urlencode({name: value for name, value in asked.items() if value})


def _views(
    stream: Stream,
    events: Sequence[ServiceEvent],
    replaced: dict[str, ServiceEvent],
) -> list[EventView]:
    reasons = reasons_of(stream, [event for event in events if event.replaces])
    actors = {entry.actor_id for entry in reasons.values() if entry.actor_id}
    people = User.objects.filter(pk__in=actors) if actors else []
    around = Around(
        stream=stream,
        replaced=replaced,
        reasons=reasons,
        people={person.pk: str(person) for person in people},
        voids=void_types(stream),
    )
    return event_views(events, around)


def _rules(stream: Stream) -> dict[int, IndicatorRule]:
    rows = IndicatorRule.objects.filter(
        stream=stream, edition__state=EditionState.PUBLISHED
    ).order_by("edition__valid_from")
    return {row.indicator_id: row for row in rows}


def _about(request: StaffRequest, stream: Stream, title: str = "") -> dict[str, object]:
    """Return what all pages of a log show; those below the list have a title."""
    here = reverse("office:history", args=[request.organisation.slug, stream.code])
    return {
        "stream": stream,
        "name": name_of(stream),
        "title": title or str(HISTORY),
        "crumbs": crumbs_of(request, stream, (str(HISTORY), here), (title, ""))
        if title
        else crumbs_of(request, stream, (str(HISTORY), "")),
    }


def _lines(chosen: HistoryFilter) -> Iterator[str]:
    yield from csv_lines([COLUMNS])
    yield from csv_lines(map(_cells, history_rows(chosen).iterator(chunk_size=CHUNK)))


def _cells(row: ServiceEvent) -> list[object]:
    cells = [
        row.external_id,
        row.case_key,
        row.type,
        row.occurred_at.astimezone(UTC).isoformat(),
        row.received_at.astimezone(UTC).isoformat(),
        "" if row.value is None else f"{row.value.normalize():f}",
        json.dumps(row.attributes, ensure_ascii=False) if row.attributes else "",
        row.replaces or "",
        vars(row)["replaced_by"] or "",
        row.digest,
    ]
    return [
        # A number is one, also below nothing.
        cell if name == "value" else harmless(cell)
        for name, cell in zip(COLUMNS, cells, strict=True)
    ]
