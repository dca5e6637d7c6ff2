"""
Claims of citizens: file one, and follow it.

No account and nothing in the address: a claim is filed and read by POST alone, and
its pages are kept by nobody. The code of a claim follows from the key of the form
that filed it (:func:`core.codes.code_of_form`), so that a form sent twice files
one claim and shows the same code both times; neither session nor database holds it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus

from django.db.models import Min
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from charters.enums import EditionState
from charters.models import Charter
from commitments.models import Commitment
from core.codes import is_form_key, new_form_key
from core.text import words
from feedback.forms import ClaimForm, TrackForm
from feedback.models import Claim
from feedback.queries.claims import by_code
from feedback.services import claims
from web import limits
from web.presenters.charters import redress_views
from web.presenters.claims import ClaimView, claim_view
from web.presenters.periods import civil_day, day_words, last_day


@dataclass(frozen=True, slots=True)
class Promise:
    """A commitment as it reads in the newest edition that has it, to claim about."""

    charter: Charter
    commitment: Commitment
    since: date
    today: date

    @property
    def address(self) -> tuple[str, str, str]:
        return (
            self.charter.organisation.slug,
            self.charter.slug,
            self.commitment.code,
        )


@never_cache
@require_safe
def claim(
    request: HttpRequest, organisation: str, charter: str, commitment: str
) -> HttpResponse:
    """Show an empty claim form; each has a key of its own."""
    promise = _promise(organisation, charter, commitment, timezone.now())
    form = _form(promise, None)
    return _show_form(request, promise, form, HTTPStatus.OK)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def claim_filed(
    request: HttpRequest, organisation: str, charter: str, commitment: str
) -> HttpResponse:
    """File a claim and show its code; only now, and only here."""
    now = timezone.now()
    promise = _promise(organisation, charter, commitment, now)
    if request.method == "GET":
        return redirect("public:claim", *promise.address)
    form = _form(promise, request.POST)
    if not form.is_valid():
        return _show_form(request, promise, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    wait = limits.spend(limits.CLAIMING, request)
    if wait:
        form.add_error(
            None,
            _(
                "Many claims have come from your connection. Please wait a while and "
                "send this one again: nothing that you wrote is lost."
            ),
        )
        answer = _show_form(request, promise, form, HTTPStatus.TOO_MANY_REQUESTS)
        answer.headers["Retry-After"] = str(wait)
        return answer
    try:
        filed = _file(promise, form, now)
    except claims.NoPromiseError:
        form.add_error(
            "facts_on",
            _(
                "No charter in force on that day promised this: it has been promised "
                "since %(date)s."
            )
            % {"date": day_words(promise.since)},
        )
        return _show_form(request, promise, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return _show_filed(request, promise, filed)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """Open a claim with its code, which never stands in an address."""
    form = TrackForm(request.POST or None, action=reverse("public:track"))
    if request.method != "POST":
        return _show_track(request, form, HTTPStatus.OK)
    wait = limits.spend(limits.TRACKING, request)
    if wait:
        form = TrackForm(action=reverse("public:track"))
        answer = _show_track(request, form, HTTPStatus.TOO_MANY_REQUESTS, limited=True)
        answer.headers["Retry-After"] = str(wait)
        return answer
    found = by_code(form.cleaned_data["code"]) if form.is_valid() else None
    if found is None:
        if not form.errors:
            form.add_error(
                "code",
                _("No claim has this code. Check that it is complete and try again."),
            )
        return _show_track(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return render(request, "public/claim.html", {"claim": _view(found)})


# --- what the views share ---------------------------------------------------------


def _promise(
    organisation: str, charter: str, commitment: str, now: datetime
) -> Promise:
    """
    Find the promise that a claim would be about.

    :raises Http404: if the charter never made it.
    """
    if "\x00" in commitment:  # the database would refuse the question
        raise Http404
    found = get_object_or_404(
        Charter.objects.select_related("organisation"),
        organisation__slug=organisation,
        slug=charter,
    )
    today = civil_day(now, found.organisation.time_zone)
    made = Commitment.objects.filter(
        code=commitment,
        edition__charter=found,
        edition__state=EditionState.PUBLISHED,
        edition__valid_from__lte=today,
    )
    newest = made.select_related("edition").order_by("-edition__valid_from").first()
    if newest is None:
        raise Http404
    since = made.aggregate(since=Min("edition__valid_from"))["since"]
    return Promise(found, newest, since, today)


def _form(promise: Promise, data: QueryDict | None) -> ClaimForm:
    if data is not None and not is_form_key(data.get("form_key", "")):
        data = data.copy()
        data["form_key"] = new_form_key()
    return ClaimForm(
        data,
        initial={"form_key": new_form_key()},
        action=reverse("public:claim_filed", args=promise.address),
        earliest=promise.since,
        today=promise.today,
    )


def _file(promise: Promise, form: ClaimForm, now: datetime) -> claims.Filed:
    told = form.cleaned_data
    return claims.file_claim(
        charter=promise.charter,
        commitment_code=promise.commitment.code,
        facts_on=told["facts_on"],
        case_key=told["case_key"],
        narrative=told["narrative"],
        wish=told["wish"],
        email=told["email"],
        form_key=told["form_key"],
        language=get_language() or promise.charter.organisation.language,
        at=now,
    )


def _show_form(
    request: HttpRequest, promise: Promise, form: ClaimForm, status: HTTPStatus
) -> HttpResponse:
    edition, organisation = promise.commitment.edition, promise.charter.organisation
    language = get_language() or edition.source_language
    name = words(organisation.name, language, source=organisation.language)
    context = {
        "form": form,
        "organisation_name": name.text,
        "organisation_slug": organisation.slug,
        "charter_slug": promise.charter.slug,
        "title": words(edition.title, language, source=edition.source_language),
        "promise": words(
            promise.commitment.text, language, source=edition.source_language
        ),
        "liability": words(
            organisation.liability, language, source=organisation.language
        ),
        "redress": redress_views(
            edition, promise.commitment.code, language=language, today=promise.today
        ),
    }
    return render(request, "public/claim_form.html", context, status=status)


def _show_filed(
    request: HttpRequest, promise: Promise, filed: claims.Filed
) -> HttpResponse:
    claim = filed.claim
    organisation = promise.charter.organisation
    language = get_language() or organisation.language
    due = (
        day_words(last_day(claim.due_at, organisation.time_zone))
        if claim.due_at
        else ""
    )
    context = {
        "code": filed.code,
        "reference": claim.reference,
        "due": due,
        "repeated": filed.repeated,
        "address": promise.address,
        "organisation_name": words(
            organisation.name, language, source=organisation.language
        ).text,
        # Another language would be another request, which no longer has the code.
        "language_links": [],
    }
    status = HTTPStatus.OK if filed.repeated else HTTPStatus.CREATED
    return render(request, "public/claim_filed.html", context, status=status)


def _show_track(
    request: HttpRequest, form: TrackForm, status: HTTPStatus, *, limited: bool = False
) -> HttpResponse:
    context = {"form": form, "limited": limited}
    return render(request, "public/track.html", context, status=status)


def _view(found: Claim) -> ClaimView:
    return claim_view(found, language=get_language() or found.language)
