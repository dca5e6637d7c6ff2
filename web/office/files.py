"""
Files of events: given, mapped, rehearsed, imported.

A file is a row (:class:`indicators.models.EventFile`) whose state says which of its
pages comes next. Workers do what takes long; the pages only look how far they are.
"""

from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

from django.contrib import messages
from django.http import (
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from charters.forms import Fault, form_faults
from core.spreadsheets import csv_lines
from indicators.forms.uploads import (
    DELIMITERS,
    ENCODINGS,
    ColumnsForm,
    UploadForm,
)
from indicators.models import EventFile, SavedMapping
from indicators.queries.pseudonyms import UnknownSecretError
from indicators.queries.uploads import files_of, fitting_mappings, same_as
from indicators.services.guessing import Guess
from indicators.services.intake import refused_rows
from indicators.services.mapping import FileMapping, MappingError
from indicators.services.samples import Sample
from indicators.services.tables import FileError
from indicators.services.uploads import (
    KEPT,
    MAPPABLE,
    UploadError,
    WrongStateError,
    discard,
    guess_mapping,
    order_import,
    order_rehearsal,
    preview,
    read_sample,
    receive_file,
    save_mapping,
)
from web.office.access import StaffRequest, render_office, requires
from web.office.editing import Crumb
from web.office.feed_pages import NO_SECRET, crumbs_of, name_of, stream_of
from web.presenters.handling import instant_words
from web.presenters.uploads import (
    PreviewRow,
    column_rows,
    file_rows,
    file_view,
    preview_rows,
)

FILES = gettext_lazy("Files")
IMPORT = "events.import"
ASKING = ["GET", "HEAD", "POST"]
SECONDS_BETWEEN_LOOKS = 10


class _Place:
    """A feed as the pages of its files work on it."""

    def __init__(self, request: StaffRequest, code: str) -> None:
        self.request = request
        self.stream = stream_of(request, code)

    def file(self, pk: int) -> EventFile:
        """
        Return one of its files.

        :raises Http404: if it has none of that number.
        """
        file: EventFile = get_object_or_404(
            EventFile.objects.select_related("uploaded_by"), stream=self.stream, pk=pk
        )
        file.stream = self.stream
        return file

    def url(self, name: str, *more: object) -> str:
        """Return the address of a page of this feed's files."""
        place = [self.request.organisation.slug, self.stream.code, *more]
        return reverse(f"office:{name}", args=place)

    def render(
        self,
        template: str,
        title: str,
        context: dict[str, object],
        *,
        crumbs: list[Crumb] | None = None,
    ) -> HttpResponse:
        """
        Render a page of this feed's files.

        :param crumbs: the pages between the list and this one; none for the list.
        """
        here = self.url("files")
        below: list[Crumb] = [(str(FILES), "")]
        if crumbs is not None:
            below = [(str(FILES), here), *crumbs, (title, "")]
        return render_office(
            self.request,
            template,
            {
                "stream": self.stream,
                "name": name_of(self.stream),
                "title": title,
                "files_url": here,
                "crumbs": crumbs_of(self.request, self.stream, *below),
                "faults": [],
                **context,
            },
        )


# --- giving a file ----------------------------------------------------------------


@require_http_methods(ASKING)
@requires(IMPORT)
def files(request: StaffRequest, stream: str) -> HttpResponse:
    """List the files of a feed; take another one."""
    place = _Place(request, stream)
    sent = request.method == "POST"
    form = UploadForm(request.POST if sent else None, request.FILES if sent else None)
    if form.is_valid():
        given = form.cleaned_data["file"]
        try:
            file = receive_file(
                stream=place.stream,
                name=given.name,
                content=given,
                by=request.user,
                at=timezone.now(),
            )
        except UploadError as error:
            form.add_error("file", _why_not(error))
        else:
            return redirect(place.url("file-columns", file.pk))
    return place.render(
        "office/files.html",
        str(FILES),
        {
            "form": form,
            "faults": form_faults(form),
            "rows": file_rows(
                files_of(place.stream), zone=request.organisation.time_zone
            ),
            "days": KEPT.days,
        },
    )


def _why_not(error: UploadError) -> str:
    return {
        "kind": _("Files of this kind cannot be read: give CSV, XLSX, NDJSON or XES."),
        "empty": _("The file is empty."),
        "size": _(
            "The file is too large. Share it out among several, or ask whoever runs "
            "the server to import it there."
        ),
    }[error.code]


# --- how far it is ----------------------------------------------------------------


@require_http_methods(ASKING)
@requires(IMPORT)
def file(request: StaffRequest, stream: str, pk: int) -> HttpResponse:
    """Show how far a file is and what was found; import it, or remove it."""
    place = _Place(request, stream)
    found = place.file(pk)
    if request.method == "POST":
        return _ordered(place, found)
    zone = request.organisation.time_zone
    view = file_view(found, zone=zone)
    if request.htmx:  # type: ignore[attr-defined]
        context = {"view": view}
        response = render(request, "office/file_progress.html", context)
        patch_vary_headers(response, ["HX-Request"])
        if not view.at_work:
            # What was waited for is there: the page shows it.
            response["HX-Refresh"] = "true"
        return response
    earlier = same_as(found)
    response = place.render(
        "office/file.html",
        found.name,
        {
            "file": found,
            "view": view,
            "watched": "watch" in request.GET,
            "earlier": earlier and instant_words(earlier.changed_at, zone),
            "mappable": found.state in MAPPABLE and view.kept,
            "days": KEPT.days,
        },
        crumbs=[],
    )
    if view.at_work and "watch" in request.GET:
        # Only for whoever has asked for it, and can stop it.
        response["Refresh"] = str(SECONDS_BETWEEN_LOOKS)
    return response


def _ordered(place: _Place, file: EventFile) -> HttpResponse:
    by, now = place.request.user, timezone.now()
    try:
        if "import" in place.request.POST:
            order_import(file=file, by=by, at=now)
        elif "remove" in place.request.POST:
            discard(file=file, by=by, at=now)
            messages.success(place.request, _("The file is removed."))
            return redirect(place.url("files"))
    except WrongStateError:
        _moved_on(place)
    return redirect(place.url("file", file.pk))


def _moved_on(place: _Place) -> None:
    messages.warning(place.request, _("The file has moved on meanwhile."))


@require_safe
@requires(IMPORT)
def file_refused(request: StaffRequest, stream: str, pk: int) -> HttpResponseBase:
    """Give the lines that were not recorded, or would not be, as a table."""
    found = _Place(request, stream).file(pk)
    response = StreamingHttpResponse(_refused(found), content_type="text/csv")
    response["Content-Disposition"] = _attached(f"{found.name}.errors.csv")
    return response


def _refused(file: EventFile) -> Iterator[str]:
    yield "\ufeff"  # or a spreadsheet takes it for another encoding
    rows = file.refusals.order_by("line", "pk")
    found = rows.values_list("line", "external_id", "code", "detail").iterator()
    yield from csv_lines(refused_rows(found))


def _attached(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name)}"


# --- what its columns are ---------------------------------------------------------


@require_http_methods(ASKING)
@requires(IMPORT)
def file_columns(request: StaffRequest, stream: str, pk: int) -> HttpResponse:
    """Ask what the columns of a file are, show its first events, have it checked."""
    place = _Place(request, stream)
    found = place.file(pk)
    if found.state not in MAPPABLE or not found.content:
        return redirect(place.url("file", pk))
    data = request.POST if request.method == "POST" else None
    try:
        sample = _sample(found, data)
    except FileError as error:
        return place.render(
            "office/file_columns.html",
            _("What the columns are"),
            {"file": found, "unreadable": str(error)},
            crumbs=[(found.name, place.url("file", pk))],
        )
    if data is not None and "as-is" in data and sample.ready:
        return _checked(place, found, None)
    return _columns(place, found, sample, data)


def _sample(file: EventFile, data: QueryDict | None) -> Sample:
    encoding = data.get("encoding", "") if data is not None else ""
    delimiter = data.get("delimiter", "") if data is not None else ""
    return read_sample(
        file,
        encoding=encoding if encoding in ENCODINGS else "",
        delimiter=delimiter if delimiter in DELIMITERS else "",
    )


def _columns(
    place: _Place, file: EventFile, sample: Sample, data: QueryDict | None
) -> HttpResponse:
    guess = guess_mapping(file, sample)
    saved = fitting_mappings(place.stream, sample.header)
    start = _start(place, file, guess, saved)
    columns_form = partial(
        ColumnsForm,
        guess=guess,
        start=start,
        types=place.stream.types,
        attributes=place.stream.attributes,
        kind=sample.kind,
    )
    form = columns_form(_switched(data))
    asked = data is not None and not data.keys().isdisjoint({"check", "download"})
    mapping = form.mapping() if form.is_valid() else None
    if asked and mapping is not None:
        answer = _settled(place, file, form, mapping)
        if answer is not None:
            return answer
    elif data is None and not guess.open_formats:
        mapping = start
    elif not asked:
        # Nobody has said yet that this is all: what is missing is no error.
        form = columns_form(None, shown=_switched(data))
    first, problem = _first_events(place, file, mapping)
    faults = [*form_faults(form), *_whole_faults(form)] if asked else []
    if problem:
        faults.append(Fault("", problem, ""))
    return place.render(
        "office/file_columns.html",
        _("What the columns are"),
        {
            "file": file,
            "form": form,
            "faults": faults,
            "saved": saved,
            "columns": column_rows(guess.columns),
            "ready": sample.ready,
            "preview": first,
            "undecided": bool(guess.open_formats),
        },
        crumbs=[(file.name, place.url("file", file.pk))],
    )


def _switched(data: QueryDict | None) -> QueryDict | None:
    """Return what was typed, in the layout that was asked for."""
    if data is None or "switch" not in data:
        return data
    typed = data.copy()
    typed["layout"] = str(data["switch"])
    return typed


def _start(
    place: _Place, file: EventFile, guess: Guess, saved: list[SavedMapping]
) -> FileMapping:
    """Return the mapping to fill the page in with: kept, said before, or guessed."""
    asked = place.request.GET.get("mapping", "")
    for item in saved:
        if str(item.pk) == asked:
            return FileMapping.from_toml(item.mapping)
    if asked == "guess" or not (file.mapping or saved):
        return guess.mapping
    return FileMapping.from_toml(file.mapping or saved[0].mapping)


def _whole_faults(form: ColumnsForm) -> list[Fault]:
    return [Fault("", str(error), "") for error in form.non_field_errors()]


def _first_events(
    place: _Place, file: EventFile, mapping: FileMapping | None
) -> tuple[tuple[PreviewRow, ...], str]:
    """Return the first lines as events; or why there are none."""
    if mapping is None or not (mapping.case and (mapping.wide or mapping.long)):
        return (), ""
    try:
        lines = preview(file=file, mapping=mapping, at=timezone.now())
    except UnknownSecretError:
        return (), str(NO_SECRET)
    except (FileError, MappingError) as error:
        return (), str(error)
    return preview_rows(lines, zone=place.request.organisation.time_zone), ""


def _settled(
    place: _Place, file: EventFile, form: ColumnsForm, mapping: FileMapping
) -> HttpResponse | None:
    """Hand the mapping out, or have the file checked with it; nothing if it is wrong."""
    if "download" in place.request.POST:
        response = HttpResponse(mapping.to_toml(), content_type="application/toml")
        response["Content-Disposition"] = _attached(f"{place.stream.code}.toml")
        return response
    try:
        preview(file=file, mapping=mapping, at=timezone.now())
    except (FileError, MappingError, UnknownSecretError):
        return None  # the page says which
    if form.cleaned_data["save_as"]:
        save_mapping(
            stream=place.stream,
            name=form.cleaned_data["save_as"],
            mapping=mapping,
            by=place.request.user,
            at=timezone.now(),
        )
    return _checked(place, file, mapping)


def _checked(
    place: _Place, file: EventFile, mapping: FileMapping | None
) -> HttpResponse:
    try:
        order_rehearsal(file=file, mapping=mapping, at=timezone.now())
    except WrongStateError:
        _moved_on(place)
    return redirect(place.url("file", file.pk))
