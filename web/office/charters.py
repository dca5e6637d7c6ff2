"""Pages about whole charters: the list, one charter, an edition, publication."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from charters.enums import EditionState, Standing
from charters.forms import EvidenceForm, NewCharterForm, form_faults
from charters.models import Edition
from charters.parts import Problem
from charters.services.drafts import (
    CharterExistsError,
    StaleDraftError,
    open_new,
    open_next,
)
from charters.services.exchange import ExchangeError
from charters.services.publication import (
    Evidence,
    PublicationRefusedError,
    problems_of,
    publish as publish_edition,
)
from commitments.queries.suspensions import suspensions_of
from web.office.access import StaffRequest, page_language, render_office, requires
from web.office.editing import (
    Draft,
    address,
    charter_crumbs,
    charter_of,
    charter_title,
    draft_of_page,
)
from web.presenters.charters import charter_page, rules_of
from web.presenters.drafting import (
    charter_lines,
    edition_line,
    problem_groups,
    step_lines,
)
from web.presenters.figures import Reading
from web.presenters.periods import civil_day


@require_safe
@requires("charters.view")
def charters(request: StaffRequest) -> HttpResponse:
    """List the organisation's charters."""
    today = civil_day(timezone.now(), request.organisation.time_zone)
    lines = charter_lines(request.organisation, language=page_language(), on=today)
    return render_office(request, "office/charters.html", {"lines": lines})


@require_http_methods(["GET", "HEAD", "POST"])
@requires("charters.edit")
def charter_new(request: StaffRequest) -> HttpResponse:
    """Begin a charter."""
    form = NewCharterForm(
        request.POST if request.method == "POST" else None,
        initial={"language": request.organisation.language},
    )
    if form.is_valid():
        try:
            edition = open_new(
                organisation=request.organisation,
                by=request.user,
                at=timezone.now(),
                **form.cleaned_data,
            )
        except (CharterExistsError, ExchangeError):
            form.add_error("slug", _("There is already a charter with this name."))
        else:
            messages.success(request, _("The draft is made. Now fill in its sections."))
            return redirect(address(request, edition.charter.slug, "charter"))
    home = reverse("office:charters", args=[request.organisation.slug])
    return render_office(
        request,
        "office/charter_new.html",
        {
            "form": form,
            "faults": form_faults(form),
            "crumbs": [(_("Charters"), home), (_("New charter"), "")],
        },
    )


@require_safe
@requires("charters.view")
def charter(request: StaffRequest, charter: str) -> HttpResponse:
    """Show a charter's editions and what its draft still needs."""
    draft = draft_of_page(request, charter)
    language = page_language()
    today = civil_day(timezone.now(), request.organisation.time_zone)
    editions = (
        Edition.objects.filter(charter=draft.charter)
        .defer("snapshot")
        .order_by("-number")
    )
    lines = [edition_line(item, language=language, on=today) for item in editions]
    published = [line for line in lines if line.standing != Standing.DRAFT]
    public = any(line.standing != Standing.SCHEDULED for line in published)
    return render_office(
        request,
        "office/charter.html",
        {
            "charter": draft.charter,
            "charter_title": charter_title(draft),
            "draft": edition_line(draft.edition, language=language, on=today)
            if draft.open
            else None,
            "lines": published,
            "public": public,
            "groups": problem_groups(
                draft.edition, organisation=request.organisation.slug
            )
            if draft.open
            else [],
            "crumbs": [
                *charter_crumbs(request, draft, [])[:1],
                (charter_title(draft), ""),
            ],
        },
    )


@require_POST
@requires("charters.edit")
def draft_open(request: StaffRequest, charter: str) -> HttpResponse:
    """Open a new edition of a charter, or go to the one that is open."""
    found = charter_of(request, charter)
    try:
        open_next(charter=found, by=request.user, at=timezone.now())
    except Edition.DoesNotExist as error:
        raise Http404 from error
    messages.success(
        request, _("The draft of the new edition is open: it starts from the last one.")
    )
    return redirect(address(request, found.slug, "charter"))


@require_safe
@requires("charters.view")
def edition(request: StaffRequest, charter: str, number: int) -> HttpResponse:
    """Read an edition from beginning to end, as its readers will."""
    found = charter_of(request, charter)
    edition: Edition = get_object_or_404(
        Edition.objects.select_related("charter", "organisation"),
        charter=found,
        number=number,
    )
    language = page_language()
    today = civil_day(timezone.now(), request.organisation.time_zone)
    page = charter_page(
        found,
        edition,
        editions=[],
        rules=rules_of(edition),
        suspensions=suspensions_of(found),
        marks={},
        reading=Reading(
            language, edition.source_language, today, request.organisation.time_zone
        ),
    )
    draft = Draft(found, edition, edition.state == EditionState.DRAFT, language)
    title = _("Edition %(number)s") % {"number": edition.number}
    return render_office(
        request,
        "office/edition.html",
        {
            "page": page,
            "title": title,
            "line": edition_line(edition, language=language, on=today),
            "steps": step_lines(edition),
            "crumbs": charter_crumbs(request, draft, [(title, "")]),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires("charters.publish")
def publish(request: StaffRequest, charter: str) -> HttpResponse:
    """Publish a draft with the act that approves it, or say what is missing."""
    draft = draft_of_page(request, charter)
    if not draft.open:
        messages.info(request, _("There is no draft to publish."))
        return redirect(address(request, charter, "charter"))
    problems = problems_of(draft.edition)
    opened = {"revision": draft.edition.revision}
    form = EvidenceForm(
        request.POST if request.method == "POST" else None, initial=opened
    )
    refused = stale = False
    if form.is_valid():
        try:
            published = publish_edition(
                edition=draft.edition,
                by=request.user,
                at=timezone.now(),
                evidence=_evidence(form),
                revision=form.cleaned_data["revision"],
            )
        except PublicationRefusedError as error:
            problems, refused = error.problems, True
        except StaleDraftError:
            form = EvidenceForm(initial=form.cleaned_data | opened)
            stale = True
        else:
            messages.success(
                request,
                _("Edition %(number)s is published.") % {"number": published.number},
            )
            return redirect(address(request, charter, "charter"))
    return _publish_page(request, draft, form, problems, refused=refused, stale=stale)


def _evidence(form: EvidenceForm) -> Evidence:
    values = form.cleaned_data
    return Evidence(
        authority=values["authority"],
        act_number=values["act_number"],
        act_on=values["act_on"],
        gazette=values["gazette"],
    )


def _publish_page(
    request: StaffRequest,
    draft: Draft,
    form: EvidenceForm,
    problems: list[Problem],
    *,
    refused: bool,
    stale: bool,
) -> HttpResponse:
    title = _("Publish edition %(number)s") % {"number": draft.edition.number}
    today = civil_day(timezone.now(), request.organisation.time_zone)
    return render_office(
        request,
        "office/publish.html",
        {
            "title": title,
            "charter": draft.charter,
            "charter_title": charter_title(draft),
            "edition": draft.edition,
            "line": edition_line(draft.edition, language=page_language(), on=today),
            "form": form,
            "faults": form_faults(form) if form.is_bound and not problems else [],
            "refused": refused,
            "stale": stale,
            "groups": problem_groups(
                draft.edition,
                organisation=request.organisation.slug,
                problems=problems,
            ),
            "crumbs": charter_crumbs(request, draft, [(title, "")]),
        },
        status=409 if refused or stale else 200,
    )
