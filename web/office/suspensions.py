"""Suspensions of a charter's commitments: read them, record one, say when one ends."""

from collections.abc import Iterable
from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from charters.enums import EditionState
from charters.forms import form_faults
from charters.models import Charter
from commitments.forms import LiftForm, SuspensionForm
from commitments.models import Commitment, Suspension
from commitments.queries.suspensions import suspensions_of
from commitments.services.suspensions import (
    AlreadyEndsError,
    OverlapError,
    lift,
    suspend,
)
from core.text import Words, words
from web.office.access import StaffRequest, page_language, render_office, requires
from web.office.editing import (
    Crumb,
    Draft,
    address,
    charter_crumbs,
    charter_title,
    draft_of_page,
)
from web.presenters.periods import civil_day
from web.presenters.suspensions import SuspensionView, suspension_views

FORM = ["GET", "HEAD", "POST"]


@require_safe
@requires("charters.view")
def suspensions(request: StaffRequest, charter: str) -> HttpResponse:
    """List a charter's suspensions, the latest first."""
    draft = draft_of_page(request, charter)
    views = _views(request, draft, suspensions_of(draft.charter))
    title = _("Suspensions")
    return _render(
        request, draft, "office/suspensions.html", title, {"suspensions": views}
    )


@require_http_methods(FORM)
@requires("commitments.suspend")
def suspension_new(request: StaffRequest, charter: str) -> HttpResponse:
    """Record that a resolution suspends a commitment."""
    draft = draft_of_page(request, charter)
    now = timezone.now()
    form = SuspensionForm(
        request.POST if request.method == "POST" else None,
        commitments=_promises(draft.charter),
        source=draft.edition.source_language,
        today=civil_day(now, request.organisation.time_zone),
    )
    if form.is_valid():
        try:
            suspend(charter=draft.charter, **form.values(), by=request.user, at=now)
        except OverlapError:
            form.add_error(
                "from_on",
                _("The commitment is suspended already on some of these days."),
            )
        else:
            messages.success(
                request, _("The suspension is recorded and its figures are computed.")
            )
            return redirect(address(request, charter, "suspensions"))
    title = _("Record a suspension")
    context: dict[str, object] = {"form": form, "faults": form_faults(form)}
    return _render(
        request, draft, "office/suspension_new.html", title, context, below=True
    )


@require_http_methods(FORM)
@requires("commitments.suspend")
def suspension_lift(request: StaffRequest, charter: str, pk: int) -> HttpResponse:
    """Say when a suspension ends, once."""
    draft = draft_of_page(request, charter)
    suspension = get_object_or_404(Suspension, charter=draft.charter, pk=pk)
    form = LiftForm(
        request.POST if request.method == "POST" else None, from_on=suspension.from_on
    )
    late = suspension.until_on is not None
    if form.is_valid():
        until_on: date = form.cleaned_data["until_on"]
        try:
            lift(
                suspension=suspension,
                until_on=until_on,
                by=request.user,
                at=timezone.now(),
            )
        except AlreadyEndsError:
            late = True
            suspension.refresh_from_db()
        else:
            messages.success(
                request, _("The end is recorded and the figures are computed.")
            )
            return redirect(address(request, charter, "suspensions"))
    context: dict[str, object] = {
        "suspension": _views(request, draft, [suspension])[0],
        "form": form,
        "faults": [] if late else form_faults(form),
        "late": late,
    }
    title = _("Say when the suspension ends")
    return _render(
        request,
        draft,
        "office/suspension_lift.html",
        title,
        context,
        below=True,
        status=409 if late and request.method == "POST" else 200,
    )


def _promises(charter: Charter) -> list[tuple[str, str]]:
    """Return what can be suspended: each code once, in its newest words."""
    promises = (
        Commitment.objects.filter(
            edition__charter=charter, edition__state=EditionState.PUBLISHED
        )
        .select_related("edition")
        .order_by("code", "-edition__number")
        .distinct("code")
    )
    language = page_language()
    return [(item.code, f"{item.code}: {_text(item, language)}") for item in promises]


def _text(item: Commitment, language: str) -> Words:
    return words(item.text, language, source=item.edition.source_language)


def _views(
    request: StaffRequest, draft: Draft, rows: Iterable[Suspension]
) -> tuple[SuspensionView, ...]:
    return suspension_views(
        rows,
        language=page_language(),
        source=draft.edition.source_language,
        today=civil_day(timezone.now(), request.organisation.time_zone),
    )


def _render(
    request: StaffRequest,
    draft: Draft,
    template: str,
    title: str,
    context: dict[str, object],
    *,
    below: bool = False,
    status: int = 200,
) -> HttpResponse:
    slug = draft.charter.slug
    crumbs: list[Crumb] = [(title, "")]
    if below:
        above = (_("Suspensions"), address(request, slug, "suspensions"))
        crumbs = [above, *crumbs]
    return render_office(
        request,
        template,
        {
            "title": title,
            "charter": draft.charter,
            "charter_title": charter_title(draft),
            "crumbs": charter_crumbs(request, draft, crumbs),
            **context,
        },
        status=status,
    )
