"""Streams as a data steward looks after them: their state, their terms, their keys."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from charters.forms import form_faults
from core.text import words
from indicators.enums import FeedState
from indicators.forms.streams import KeyForm, RotateForm, StreamForm
from indicators.models import Stream, StreamToken, WorkCalendar
from indicators.queries.feeds import heard
from indicators.queries.streams import (
    has_events,
    keys_of,
    opens,
    sources_of,
    volume_of,
)
from indicators.services.streams import (
    NotEmptyError,
    OperatorError,
    StaleStreamError,
    StreamInUseError,
    TimeZoneInUseError,
    TokenError,
    issue_token,
    revoke_token,
    rotate_token,
    save_stream,
)
from web.office.access import StaffRequest, page_language, render_office, requires
from web.office.feed_pages import crumbs_of, name_of, stream_of
from web.presenters.streams import (
    WEEKS,
    alarm_text,
    expectations,
    key_rows,
    needed_words,
    readers_of,
    source_rows,
    state_view,
    stream_rows,
    volume_view,
)

VIEW, EDIT = "streams.view", "streams.edit"
FORM = ["GET", "HEAD", "POST"]


@require_safe
@requires(VIEW)
def streams(request: StaffRequest) -> HttpResponse:
    """List the streams, those that ask for somebody first."""
    rows = stream_rows(
        request.organisation, language=page_language(), now=timezone.now()
    )
    return render_office(request, "office/streams.html", {"rows": rows})


@require_safe
@requires(VIEW)
def stream(request: StaffRequest, stream: str) -> HttpResponse:
    """Show a stream: its state, its volume, who reads it, who holds its keys."""
    found = stream_of(request, stream)
    language, now = page_language(), timezone.now()
    known = heard(found, as_of=now)
    state = FeedState(known.state.value)
    weeks = volume_of(found, known, as_of=now, weeks=WEEKS)
    return _render(
        request,
        found,
        "office/stream.html",
        "",
        {
            "state": state_view(state),
            "alarm": alarm_text(state, known, found),
            "terms": expectations(found),
            "calendar": found.calendar
            and words(
                found.calendar.name, language, source=found.organisation.language
            ),
            "volume": volume_view(weeks, name=name_of(found)),
            "readers": readers_of(found, language=language),
            "sources": source_rows(sources_of(found), zone=found.time_zone),
            "keys": key_rows(keys_of(found), zone=found.time_zone, now=now),
            "address": request.build_absolute_uri(
                reverse("api:events", args=[found.organisation.slug, found.code])
            ),
        },
    )


@require_http_methods(FORM)
@requires(EDIT)
def stream_edit(request: StaffRequest, stream: str) -> HttpResponse:
    """Change what a stream declares and what is normal for it."""
    found = stream_of(request, stream)
    known = {
        calendar.code: calendar
        for calendar in WorkCalendar.objects.filter(
            organisation=request.organisation
        ).order_by("code")
    }
    form = StreamForm(
        request.POST if request.method == "POST" else None,
        stream=found,
        calendars=[
            (code, words(item.name, page_language()).text or code)
            for code, item in known.items()
        ],
        fixed=has_events(found),
    )
    stale = False
    if form.is_valid():
        try:
            _save(request, found, form, known)
        except StaleStreamError:
            stale = True
        if not stale and form.is_valid():
            messages.success(request, _("The feed is saved."))
            return redirect("office:stream", request.organisation.slug, found.code)
    return _render(
        request,
        found,
        "office/stream_edit.html",
        _("Edit the feed"),
        {"form": form, "faults": form_faults(form), "stale": stale},
        status=409 if stale else 200,
    )


def _save(
    request: StaffRequest,
    found: Stream,
    form: StreamForm,
    calendars: dict[str, WorkCalendar],
) -> None:
    """
    Save what was typed; what is refused becomes an error of its field.

    :raises StaleStreamError: if somebody else was quicker.
    """
    try:
        save_stream(
            stream=found,
            revision=form.cleaned_data["revision"],
            change=form.change(calendars),
            by=request.user,
            at=timezone.now(),
        )
    except StreamInUseError as error:
        for field, uses in ("types", error.types), ("attributes", error.attributes):
            for text in needed_words(uses):
                form.add_error(field, text)
    except TimeZoneInUseError:
        text = _("Published figures are counted in the time zone it has.")
        form.add_error("time_zone", text)
    except NotEmptyError:
        text = _("The log has events already: their case numbers stay as they are.")
        form.add_error("pseudonymous", text)


@never_cache
@require_http_methods(FORM)
@requires(EDIT)
def key_new(request: StaffRequest, stream: str) -> HttpResponse:
    """Create a key and show it, this once."""
    found = stream_of(request, stream)
    form = KeyForm(request.POST if request.method == "POST" else None)
    title = _("New key")
    if form.is_valid():
        try:
            key = issue_token(
                stream=found,
                label=form.cleaned_data["label"],
                operator=form.cleaned_data["operator"],
                by=request.user,
                at=timezone.now(),
            )
        except OperatorError:
            form.add_error("operator", _operator_fault(found, form))
        else:
            return _shown(request, found, title, key, None)
    return _render(
        request,
        found,
        "office/key_new.html",
        title,
        {"form": form, "faults": form_faults(form)},
    )


def _operator_fault(stream: Stream, form: KeyForm) -> str:
    """Say why a key cannot be of that operator."""
    now, label = timezone.now(), form.cleaned_data["label"]
    if stream.tokens.filter(opens("", now), label=label).exists():
        return _("A key of this name is another operator’s: give this one its own.")
    return _(
        "Events of this feed have an attribute “operator” that senders wrote "
        "themselves: use another feed for operators."
    )


@never_cache
@require_http_methods(FORM)
@requires(EDIT)
def key_rotate(request: StaffRequest, stream: str, pk: int) -> HttpResponse:
    """Put a new key in the place of one, and show it, this once."""
    found, now = stream_of(request, stream), timezone.now()
    key = _valid_key(found, pk, now)
    form = RotateForm(request.POST if request.method == "POST" else None)
    title = _("Replace the key “%(label)s”") % {"label": key.label}
    if form.is_valid():
        try:
            new, until = rotate_token(
                stream=found,
                label=key.label,
                at=now,
                overlap=form.cleaned_data["overlap"],
                by=request.user,
            )
        except TokenError:  # somebody has ended it just now
            raise Http404 from None
        return _shown(request, found, title, new, until if until > now else None)
    return _render(
        request,
        found,
        "office/key_rotate.html",
        title,
        {"form": form, "faults": form_faults(form)},
    )


@require_http_methods(FORM)
@requires(EDIT)
def key_revoke(request: StaffRequest, stream: str, pk: int) -> HttpResponse:
    """Ask whether a key should open nothing any more, and see to it."""
    found, now = stream_of(request, stream), timezone.now()
    key = _valid_key(found, pk, now)
    if request.method == "POST":
        revoke_token(token=key, by=request.user, at=now)
        messages.success(request, _("The key opens nothing any more."))
        return redirect("office:stream", request.organisation.slug, found.code)
    title = _("Revoke the key “%(label)s”") % {"label": key.label}
    row = key_rows([key], zone=found.time_zone, now=now)[0]
    return _render(request, found, "office/key_revoke.html", title, {"key": row})


def _valid_key(stream: Stream, pk: int, at: datetime) -> StreamToken:
    key: StreamToken = get_object_or_404(
        StreamToken, opens("", at), stream=stream, pk=pk
    )
    return key


def _shown(
    request: StaffRequest, stream: Stream, title: str, key: str, until: datetime | None
) -> HttpResponse:
    """Show a key: the only page that ever has it."""
    context: dict[str, object] = {"key": key, "until": until}
    return _render(request, stream, "office/key_shown.html", title, context)


def _render(
    request: StaffRequest,
    stream: Stream,
    template: str,
    title: str,
    context: dict[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page of a stream; its own has no title."""
    below = [(title, "")] if title else []
    return render_office(
        request,
        template,
        {
            "stream": stream,
            "name": name_of(stream),
            "title": title,
            "stream_url": reverse(
                "office:stream", args=[request.organisation.slug, stream.code]
            ),
            "crumbs": crumbs_of(request, stream, *below),
            "faults": [],
            "stale": False,
            **context,
        },
        status=status,
    )
