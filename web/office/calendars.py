"""
The calendars that terms are counted with: the list, a year, the editor, its preview.

Nothing is saved until the preview has shown what it does. Until then the draft
travels from page to page in a hidden field (:class:`indicators.forms.calendars.CalendarDraft`),
so it needs neither JavaScript nor a place of its own.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from charters.forms import form_faults
from engine.worktime import CalendarError, WorkCalendar as Compiled
from indicators.forms.calendars import (
    CalendarDraft,
    CalendarEditor,
    DraftError,
    ImportForm,
    LibraryForm,
    NewCalendarForm,
    ReasonForm,
)
from indicators.models import CalendarVersion, WorkCalendar
from indicators.queries.calendars import calendar_lines
from indicators.queries.computing import compiled, newest_version
from indicators.queries.impact import impact_of
from indicators.services.calendars import (
    CalendarExistsError,
    StaleCalendarError,
    copy_calendar,
    open_calendar,
    save_calendar,
)
from indicators.services.dayfiles import DayFile, DayFileError, read_days
from indicators.services.holidays import (
    Found,
    UnknownPlaceError,
    divisions_of,
    find_layers,
)
from indicators.services.layers import (
    Layer,
    layers_of,
    own_days,
    take_in,
    without_own,
)
from web.office.access import StaffRequest, page_language, render_office, requires
from web.office.editing import Crumb
from web.presenters.calendars import (
    calendar_row,
    calendar_rows,
    changes_between,
    effect_of,
    name_of,
    offers_of,
    part_names,
    version_rows,
    week_lines,
    year_of,
    years_without_holidays,
)
from web.presenters.periods import civil_day, day_words

VIEW, EDIT = "calendars.view", "calendars.edit"
EDITING = ["GET", "HEAD", "POST"]


class _Place:
    """A calendar as its pages work on it, with its newest version."""

    def __init__(self, request: StaffRequest, code: str) -> None:
        if "\x00" in code:  # the database would refuse the question
            raise Http404
        self.request = request
        self.calendar: WorkCalendar = get_object_or_404(
            WorkCalendar.objects.select_related("organisation"),
            organisation=request.organisation,
            code=code,
        )
        newest = newest_version(self.calendar)
        if newest is None:
            raise Http404
        self.newest: CalendarVersion = newest

    @property
    def opened(self) -> CalendarDraft:
        """Return the draft that changes nothing."""
        return CalendarDraft(
            self.newest.number, self.calendar.name, self.newest.definition
        )

    def url(self, name: str) -> str:
        """Return the address of a page of this calendar."""
        return reverse(
            f"office:{name}", args=[self.request.organisation.slug, self.calendar.code]
        )

    def crumbs(self, title: str = "") -> list[Crumb]:
        """Return the way from the list to a page of this calendar."""
        home = reverse("office:calendars", args=[self.request.organisation.slug])
        name = name_of(self.calendar, self.request.organisation, page_language())
        found: list[Crumb] = [(_("Calendars"), home)]
        if not title:
            return [*found, (name, "")]
        return [*found, (name, self.url("calendar")), (title, "")]

    def render(
        self,
        template: str,
        title: str,
        context: dict[str, object],
        *,
        status: int = 200,
    ) -> HttpResponse:
        """Render a page of this calendar."""
        return render_office(
            self.request,
            template,
            {
                "calendar": self.calendar,
                "name": name_of(
                    self.calendar, self.request.organisation, page_language()
                ),
                "newest": self.newest.number,
                "title": title,
                "crumbs": self.crumbs(title),
                "faults": [],
                **context,
            },
            status=status,
        )

    def editor(self, editor: CalendarEditor, *, note: str = "") -> HttpResponse:
        """Show the editor with what is in it."""
        return self.render(
            "office/calendar_edit.html",
            _("Edit the calendar"),
            {"editor": editor, "faults": editor.faults, "note": note},
        )

    def arrived(self) -> CalendarDraft | CalendarEditor:
        """
        Return the draft that a request brings; the editor if what it brings is wrong.

        It comes packed, from another page, or in the fields of the editor.
        """
        if self.request.method != "POST":
            return self.opened
        if "draft" in self.request.POST:
            return _unpacked(self.request.POST["draft"])
        editor = CalendarEditor(self.request.POST, draft=self.opened)
        return editor.typed() if editor.is_valid() else editor


def _unpacked(text: str) -> CalendarDraft:
    try:
        return CalendarDraft.unpacked(text)
    except DraftError:
        # Our own pages send only what they were given.
        raise SuspiciousOperation from None


# --- looking --------------------------------------------------------------------


@require_safe
@requires(VIEW)
def calendars(request: StaffRequest) -> HttpResponse:
    """List the calendars, how far they reach and who counts with them."""
    rows = calendar_rows(
        request.organisation, language=page_language(), now=timezone.now()
    )
    return render_office(request, "office/calendars.html", {"rows": rows})


@require_safe
@requires(VIEW)
def calendar(request: StaffRequest, calendar: str) -> HttpResponse:
    """Show a year of a calendar, in its newest version or an older one."""
    place = _Place(request, calendar)
    organisation, language, now = request.organisation, page_language(), timezone.now()
    version = _asked_version(place)
    said = compiled(version)
    today = civil_day(now, said.zone.key)
    line = next(
        line for line in calendar_lines(organisation) if line.calendar.code == calendar
    )
    shown = _asked_year(request, said, today)
    return render_office(
        request,
        "office/calendar.html",
        {
            "calendar": place.calendar,
            "crumbs": place.crumbs(),
            "row": calendar_row(line, organisation, language=language, now=now),
            "version": version.number,
            "year": year_of(said, version.definition, shown, today=today),
            "earlier": shown - 1 if shown > said.known_from.year else None,
            "later": shown + 1 if shown < _last_year(said) else None,
            "known_from": day_words(said.known_from),
            "zone": said.zone.key,
            "parts": part_names(version.definition),
            "week": week_lines(version.definition),
            "versions": version_rows(place.calendar, zone=organisation.time_zone),
        },
    )


def _asked_version(place: _Place) -> CalendarVersion:
    asked = place.request.GET.get("version", "")
    if not asked:
        return place.newest
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 9):
        raise Http404
    version: CalendarVersion = get_object_or_404(
        CalendarVersion, calendar=place.calendar, number=int(asked)
    )
    return version


def _last_year(said: Compiled) -> int:
    return date.fromordinal(said.known_until.toordinal() - 1).year


def _asked_year(request: StaffRequest, said: Compiled, today: date) -> int:
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdecimal() else today.year
    return min(max(year, said.known_from.year), _last_year(said))


# --- beginning ------------------------------------------------------------------


@require_http_methods(EDITING)
@requires(EDIT)
def calendar_new(request: StaffRequest) -> HttpResponse:
    """Begin a calendar, empty or as a copy of another one."""
    organisation, language = request.organisation, page_language()
    known = {line.calendar.code: line.calendar for line in calendar_lines(organisation)}
    form = NewCalendarForm(
        request.POST if request.method == "POST" else None,
        calendars=[
            (code, name_of(item, organisation, language).text)
            for code, item in known.items()
        ],
    )
    if form.is_valid():
        try:
            version = _begun(request, form, known)
        except CalendarExistsError:
            form.add_error("code", _("There is already a calendar with this code."))
        else:
            messages.success(
                request, _("The calendar is made. Now say what its days are.")
            )
            return redirect(
                "office:calendar-edit", organisation.slug, version.calendar.code
            )
    home = reverse("office:calendars", args=[organisation.slug])
    return render_office(
        request,
        "office/calendar_new.html",
        {
            "form": form,
            "faults": form_faults(form),
            "crumbs": [(_("Calendars"), home), (_("New calendar"), "")],
        },
    )


def _begun(
    request: StaffRequest, form: NewCalendarForm, known: Mapping[str, WorkCalendar]
) -> CalendarVersion:
    values, now = form.cleaned_data, timezone.now()
    if values["copied"]:
        return copy_calendar(
            calendar=known[values["copied"]],
            code=values["code"],
            name=form.name(),
            by=request.user,
            at=now,
        )
    zone = request.organisation.time_zone
    year = civil_day(now, zone).year
    return open_calendar(
        organisation=request.organisation,
        code=values["code"],
        name=form.name(),
        definition={
            "zone": zone,
            "known_from": f"{year}-01-01",
            "known_until": f"{year + 1}-01-01",
            "weekly": {},
            "working_weekdays": ["mon", "tue", "wed", "thu", "fri"],
        },
        by=request.user,
        at=now,
    )


# --- changing -------------------------------------------------------------------


@require_http_methods(EDITING)
@requires(EDIT)
def calendar_edit(request: StaffRequest, calendar: str) -> HttpResponse:
    """Show the editor: of the newest version, or of a draft that comes back."""
    place = _Place(request, calendar)
    draft = (
        _unpacked(request.POST["draft"]) if "draft" in request.POST else place.opened
    )
    return place.editor(CalendarEditor(None, draft=draft))


@require_POST
@requires(EDIT)
def calendar_preview(request: StaffRequest, calendar: str) -> HttpResponse:
    """Show what a draft would change; save it if it is confirmed."""
    place = _Place(request, calendar)
    draft = place.arrived()
    if isinstance(draft, CalendarEditor):
        return place.editor(draft)
    form = ReasonForm(request.POST if "save" in request.POST else None)
    stale = draft.number != place.newest.number
    if form.is_valid() and not stale:
        try:
            version = save_calendar(
                calendar=place.calendar,
                number=draft.number,
                name=draft.name,
                definition=draft.definition,
                reason=form.cleaned_data["reason"],
                by=request.user,
                at=timezone.now(),
            )
        except StaleCalendarError:
            place, stale = _Place(request, calendar), True
        else:
            messages.success(
                request,
                _("Version %(number)s is saved.") % {"number": version.number},
            )
            return redirect(place.url("calendar"))
    return _preview(place, draft, form, stale=stale)


def _preview(
    place: _Place, draft: CalendarDraft, form: ReasonForm, *, stale: bool
) -> HttpResponse:
    newest, base = place.newest, None
    if stale:
        base = place.calendar.versions.filter(number=draft.number).first()
    # Whoever saves over another version does so having seen it.
    now_of = CalendarDraft(newest.number, draft.name, draft.definition)
    changes = changes_between(
        newest.definition,
        draft.definition,
        renamed=draft.name != place.calendar.name,
    )
    impact = impact_of(place.calendar, draft.definition, at=timezone.now())
    return place.render(
        "office/calendar_preview.html",
        _("Look before you save"),
        {
            "draft": now_of.packed(),
            "form": form,
            "faults": form_faults(form),
            "stale": stale,
            "theirs": base
            and changes_between(base.definition, newest.definition, renamed=True),
            "changes": changes,
            "bare": years_without_holidays(Compiled.from_definition(draft.definition)),
            "effect": effect_of(
                impact, language=page_language(), zone=draft.definition["zone"]
            ),
        },
        status=409 if stale else 200,
    )


# --- taking days in ---------------------------------------------------------------


@require_http_methods(EDITING)
@requires(EDIT)
def calendar_library(request: StaffRequest, calendar: str) -> HttpResponse:
    """Look holidays up in the library, and take those that are wanted."""
    place = _Place(request, calendar)
    draft = place.arrived()
    if isinstance(draft, CalendarEditor):
        return place.editor(draft)
    if "take" in request.POST:
        return _taken(place, draft)
    form = _library_form(place, draft)
    if "find" in request.POST and form.is_valid():
        values = form.cleaned_data
        found = find_layers(
            country=values["country"],
            divisions=values["divisions"],
            years=form.years(),
            language=values["language"],
        )
        return _offered(
            place,
            draft,
            found.layers,
            form.years(),
            {
                "found": found,
                "forecast": _forecast(found, form.years(), _this_year(place)),
            },
        )
    return place.render(
        "office/calendar_library.html",
        _("Holidays from the library"),
        {"draft": draft.packed(), "form": form, "faults": form_faults(form)},
    )


def _library_form(place: _Place, draft: CalendarDraft) -> LibraryForm:
    organisation, data = place.request.organisation, place.request.POST
    asked = data.get("country", organisation.country)
    try:
        divisions = divisions_of(asked)
    except UnknownPlaceError:
        divisions = ()
    said = Compiled.from_definition(draft.definition)
    initial = {
        "country": asked,
        "divisions": [organisation.subdivision],
        "from_year": _this_year(place),
        "to_year": max(_last_year(said), _this_year(place)),
        "language": organisation.language,
    }
    shown = {name: data.get(name, value) for name, value in initial.items()}
    if "divisions" in data:
        shown["divisions"] = data.getlist("divisions")
    return LibraryForm(
        data if "find" in data else None,
        initial=shown,
        own_country=organisation.country,
        divisions=divisions,
    )


def _this_year(place: _Place) -> int:
    return civil_day(timezone.now(), place.request.organisation.time_zone).year


def _forecast(found: Found, years: range, this_year: int) -> bool:
    """Say whether the list goes beyond the years whose decrees can be known."""
    return bool(found.layers[0].holidays) and years[-1] > this_year


@require_http_methods(EDITING)
@requires(EDIT)
def calendar_import(request: StaffRequest, calendar: str) -> HttpResponse:
    """Read a file of days, show every one of them, and take those that are wanted."""
    place = _Place(request, calendar)
    draft = place.arrived()
    if isinstance(draft, CalendarEditor):
        return place.editor(draft)
    if "take" in request.POST:
        return _taken(place, draft)
    said = Compiled.from_definition(draft.definition)
    sent = "read" in request.POST
    form = ImportForm(
        request.POST if sent else None,
        request.FILES if sent else None,
        initial={
            "from_year": _this_year(place),
            "to_year": max(_last_year(said), _this_year(place)),
        },
        layers=layers_of(draft.definition),
    )
    if sent and form.is_valid():
        try:
            file = read_days(
                form.cleaned_data["file"].read(),
                years=form.years(),
                only=form.cleaned_data["only"],
            )
        except DayFileError as error:
            form.add_error("file", str(error))
        else:
            return _read(place, draft, form, file)
    return place.render(
        "office/calendar_import.html",
        _("Import days from a file"),
        {"draft": draft.packed(), "form": form, "faults": form_faults(form)},
    )


def _read(
    place: _Place, draft: CalendarDraft, form: ImportForm, file: DayFile
) -> HttpResponse:
    target = form.target()
    layer = Layer(
        target.level,
        target.code,
        target.name,
        target.source,
        {item.day.isoformat(): item.name for item in file.days},
    )
    lines = {item.day.isoformat(): item.line for item in file.days}
    return _offered(place, draft, [layer], form.years(), {"file": file}, lines)


def _offered(
    place: _Place,
    draft: CalendarDraft,
    layers: Sequence[Layer],
    years: range,
    context: dict[str, object],
    lines: Mapping[str, int] | None = None,
) -> HttpResponse:
    """Show the days that could be taken, each with a box to leave it out."""
    groups = offers_of(layers, draft.definition, years, lines or {})
    return place.render(
        "office/calendar_offers.html",
        _("Choose the days to take"),
        {
            "draft": draft.packed(),
            "layers": json.dumps([layer.definition() for layer in layers]),
            "groups": groups,
            "total": sum(len(group.offers) for group in groups),
            "own": sum(
                day in own_days(draft.definition)
                for layer in layers
                for day in layer.holidays
            ),
            **context,
        },
    )


def _taken(place: _Place, draft: CalendarDraft) -> HttpResponse:
    """Put the chosen days into the draft, and go on editing it."""
    chosen = _chosen(place.request.POST)
    definition = draft.definition
    try:
        for layer in chosen:
            definition = take_in(definition, layer)
            if "move" in place.request.POST:
                definition = without_own(definition, layer.holidays)
        Compiled.from_definition(definition)
    except CalendarError:
        raise SuspiciousOperation from None
    number = sum(len(layer.holidays) + len(layer.working) for layer in chosen)
    return place.editor(
        CalendarEditor(None, draft=draft.saying(definition)),
        note=ngettext(
            "%(n)d day is in the draft. Nothing is saved yet.",
            "%(n)d days are in the draft. Nothing is saved yet.",
            number,
        )
        % {"n": number},
    )


def _chosen(data: QueryDict) -> list[Layer]:
    """Return the layers that were offered, with the ticked days only."""
    ticked = set(data.getlist("day"))
    try:
        offered: list[dict[str, Any]] = json.loads(data.get("layers", ""))
        layers = [Layer.from_definition(part) for part in offered]
    except (ValueError, TypeError, AttributeError, LookupError):
        raise SuspiciousOperation from None
    found = [
        Layer(
            layer.level,
            layer.code,
            layer.name,
            layer.source,
            {
                day: name
                for day, name in layer.holidays.items()
                if f"{number} {day}" in ticked
            },
            frozenset(day for day in layer.working if f"{number} {day}" in ticked),
        )
        for number, layer in enumerate(layers)
    ]
    return [layer for layer in found if layer.holidays or layer.working]
