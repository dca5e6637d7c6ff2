"""Pages that edit what belongs to a draft: commitments, measures, indicators."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods

from charters.forms import DraftForm
from charters.rules import SECTION_BY_KEY
from charters.services.drafts import NotADraftError, StaleDraftError
from commitments.forms import AssuranceForm, CommitmentForm, RedressForm
from commitments.models import AssuranceMeasure, Commitment, RedressMeasure
from commitments.queries.editions import commitments_of
from commitments.services.drafts import put, put_redress, remove
from core.text import Words, words
from indicators.forms.indicators import IndicatorForm
from indicators.models import IndicatorRule, Stream, WorkCalendar
from indicators.services.definitions import put_rule, remove_rule
from web.office.access import StaffRequest, render_office, requires
from web.office.editing import (
    Crumb,
    Draft,
    DraftPage,
    Form,
    address,
    charter_crumbs,
    draft_context,
    draft_of_page,
)

EDITING = ["GET", "HEAD", "POST"]


class ItemPage(DraftPage):
    """
    A page that edits one row of a draft, or makes a new one.

    A row that somebody deletes while it is being edited is a conflict like any
    other: saving over it makes it anew, with what was typed.
    """

    template = "office/item.html"
    name: str  # of its addresses
    anchor: str  # of its list in the section's page

    def __init__(self, request: StaffRequest, slug: str, pk: int | None = None) -> None:
        super().__init__(request, slug)
        self.pk = pk
        if pk is not None and request.method != "POST" and self.found() is None:
            raise Http404

    @abstractmethod
    def found(self) -> Any:
        """Return the row as the draft has it now; ``None`` for a new one."""

    @abstractmethod
    def made(self, data: QueryDict | None, item: Any, **options: Any) -> DraftForm:
        """Return the form over this kind of row."""

    @abstractmethod
    def new_title(self) -> str:
        """Return the heading for a new row."""

    def code_of(self, item: Any) -> str:
        """Return what a row is called."""
        return str(item.code)

    def form(self, data: QueryDict | None, *, conflict: bool = False) -> DraftForm:
        return self.made(
            data,
            self.found(),
            revision=self.draft.edition.revision,
            language=self.draft.language,
            source=self.draft.edition.source_language,
            conflict=conflict,
        )

    def title(self) -> str:
        item = self.found()
        return self.new_title() if item is None else self.code_of(item)

    def done_url(self) -> str:
        return self.section_url(self.key, self.anchor)

    def crumbs(self) -> list[Crumb]:
        title = str(SECTION_BY_KEY[self.key].title)
        return [(title, self.section_url(self.key))]

    def context(self) -> dict[str, object]:
        item = self.found()
        return {
            "back_url": self.done_url(),
            "gone": self.pk is not None and item is None,
            "delete_url": ""
            if item is None
            else self.url(f"{self.name}-delete", item.pk),
        }


class RowPage(ItemPage):
    """A page that edits a commitment, or a measure of an edition."""

    model: type[Commitment] | type[AssuranceMeasure] | type[RedressMeasure]

    def found(self) -> Any:
        return self.model.objects.filter(
            edition=self.draft.edition, pk=self.pk or 0
        ).first()

    def save(self, form: Form, *, at: datetime) -> None:
        item: Any = self.found() or self.model()
        put(
            edition=self.draft.edition,
            revision=form.cleaned_data["revision"],
            item=item,
            values=form.values(),
            by=self.request.user,
            at=at,
        )


class CommitmentPage(RowPage):
    """A promise."""

    key, name, anchor = "quality", "commitment", "commitments"
    model = Commitment

    def made(
        self, data: QueryDict | None, item: Commitment | None, **options: Any
    ) -> DraftForm:
        language, source = options["language"], options["source"]
        return CommitmentForm(
            data,
            stored=_stored(item, CommitmentForm),
            services=[
                (
                    service["code"],
                    words(service.get("name"), language, source=source).text
                    or service["code"],
                )
                for service in self.draft.edition.general.get("services", [])
            ],
            **options,
        )

    def new_title(self) -> str:
        return _("New commitment")


class AssurancePage(RowPage):
    """An assurance measure."""

    key, name, anchor = "assurance", "assurance", "measures"
    model = AssuranceMeasure

    def made(
        self, data: QueryDict | None, item: AssuranceMeasure | None, **options: Any
    ) -> DraftForm:
        return AssuranceForm(data, stored=_stored(item, AssuranceForm), **options)

    def new_title(self) -> str:
        return _("New assurance measure")


class RedressPage(RowPage):
    """A redress measure."""

    key, name, anchor = "redress", "redress", "measures"
    model = RedressMeasure

    def made(
        self, data: QueryDict | None, item: RedressMeasure | None, **options: Any
    ) -> DraftForm:
        language, source = options["language"], options["source"]
        stored = _stored(item, RedressForm)
        if item is not None:
            stored["commitments"] = list(
                item.commitments.order_by("position", "pk").values_list(
                    "code", flat=True
                )
            )
        return RedressForm(
            data,
            stored=stored,
            commitments=[
                (
                    promise.code,
                    f"{promise.code}: {words(promise.text, language, source=source)}",
                )
                for promise in commitments_of(self.draft.edition)
            ],
            **options,
        )

    def save(self, form: Form, *, at: datetime) -> None:
        values = form.values()
        put_redress(
            edition=self.draft.edition,
            revision=form.cleaned_data["revision"],
            item=self.found() or RedressMeasure(),
            commitments=values.pop("commitments"),
            values=values,
            by=self.request.user,
            at=at,
        )

    def new_title(self) -> str:
        return _("New redress measure")


class IndicatorPage(ItemPage):
    """An indicator of a commitment."""

    template = "office/indicator.html"
    key, name, anchor = "quality", "indicator", "commitments"

    def __init__(
        self,
        request: StaffRequest,
        slug: str,
        pk: int | None = None,
        *,
        commitment: int | None = None,
    ) -> None:
        super().__init__(request, slug, pk)
        self.commitment = self._commitment(commitment)

    def _commitment(self, pk: int | None) -> Commitment | None:
        if pk is None:
            rule = self.found()
            return rule.commitment if rule is not None else None
        promise = Commitment.objects.filter(edition=self.draft.edition, pk=pk).first()
        if promise is None and self.request.method != "POST":
            raise Http404
        return promise

    def found(self) -> IndicatorRule | None:
        return (
            IndicatorRule.objects.filter(edition=self.draft.edition, pk=self.pk or 0)
            .select_related("indicator", "commitment", "stream", "calendar")
            .first()
        )

    def made(
        self, data: QueryDict | None, item: IndicatorRule | None, **options: Any
    ) -> DraftForm:
        stored: dict[str, Any] = {}
        if item is not None:
            own = {"code", "source_text", "stream", "calendar"}
            stored = {
                name: getattr(item, name)
                for name in IndicatorForm.base_fields
                if name not in own and hasattr(item, name)
            } | {
                "code": item.indicator.code,
                "source_text": item.source,
                "stream": item.stream.code if item.stream else "",
                "calendar": item.calendar.code if item.calendar else "",
            }
            if item.target is not None:
                # Without the zeros of the column, and never as 8E+1.
                stored["target"] = Decimal(format(item.target.normalize(), "f"))
        language = options["language"]
        return IndicatorForm(
            data,
            stored=stored,
            streams=[
                (stream.code, words(stream.name, language).text or stream.code)
                for stream in self._streams()
            ],
            calendars=[
                (row.code, words(row.name, language).text or row.code)
                for row in WorkCalendar.objects.filter(
                    organisation=self.request.organisation
                ).order_by("code")
            ],
            **options,
        )

    def _streams(self) -> list[Stream]:
        return list(
            Stream.objects.filter(organisation=self.request.organisation).order_by(
                "code"
            )
        )

    def save(self, form: Form, *, at: datetime) -> None:
        values = form.values()
        organisation = self.request.organisation
        stream, calendar = values.pop("stream"), values.pop("calendar")
        rule = self.found()
        commitment = rule.commitment if rule is not None else self.commitment
        if commitment is None:
            # Its commitment went as well: there is nothing to attach it to.
            raise StaleDraftError
        put_rule(
            commitment=commitment,
            revision=form.cleaned_data["revision"],
            rule=rule,
            code=values.pop("code"),
            values={
                **values,
                "stream": Stream.objects.filter(
                    organisation=organisation, code=stream
                ).first(),
                "calendar": WorkCalendar.objects.filter(
                    organisation=organisation, code=calendar
                ).first(),
            },
            by=self.request.user,
            at=at,
        )

    def new_title(self) -> str:
        return _("New indicator")

    def code_of(self, item: IndicatorRule) -> str:
        return item.indicator.code

    def context(self) -> dict[str, object]:
        language = self.draft.language
        promise = self.commitment
        return super().context() | {
            "promise": promise
            and words(
                promise.text, language, source=self.draft.edition.source_language
            ),
            "promise_code": promise.code if promise else "",
            "orphan": promise is None,
            "past_url": self.pk
            and address(self.request, self.slug, "feasibility", self.pk),
            "streams": [
                (
                    words(stream.name, language),
                    ", ".join(stream.types),
                    ", ".join(stream.attributes),
                )
                for stream in self._streams()
            ],
        }


def _stored(item: Any, form: type[DraftForm]) -> dict[str, Any]:
    """Return a row's values by the names of a form's fields."""
    own = {"revision", "commitments"}
    return (
        {}
        if item is None
        else {name: getattr(item, name) for name in form.base_fields if name not in own}
    )


# --- taking out -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Removal:
    """
    What is about to be taken out of a draft.

    :ivar also: what goes with it; empty if nothing.
    """

    section: str
    anchor: str
    code: str
    text: Words
    also: str
    remove: Callable[[int], None]


def _removal(request: StaffRequest, draft: Draft, removal: Removal) -> HttpResponse:
    """Ask before something is taken out; take it out by POST."""
    done = address(request, draft.charter.slug, "section", removal.section)
    done = f"{done}#{removal.anchor}"
    conflict = False
    if request.method == "POST":
        try:
            removal.remove(int(request.POST.get("revision", "-1") or "-1"))
        except (StaleDraftError, ValueError):
            conflict = True
        except NotADraftError:
            messages.error(request, _("It has been published and cannot change."))
            return redirect(address(request, draft.charter.slug, "charter"))
        else:
            messages.success(
                request, _("%(code)s is deleted.") % {"code": removal.code}
            )
            return redirect(done)
    title = _("Delete %(code)s?") % {"code": removal.code}
    fresh = draft_of_page(request, draft.charter.slug)
    return render_office(
        request,
        "office/delete.html",
        {
            "title": title,
            "text": removal.text,
            "also": removal.also,
            "conflict": conflict,
            "back_url": done,
            **draft_context(request, fresh, removal.section),
            "crumbs": charter_crumbs(request, draft, [(title, "")]),
        },
        status=409 if conflict else 200,
    )


def _open_draft(request: StaffRequest, charter: str) -> Draft:
    draft = draft_of_page(request, charter)
    if not draft.open:
        raise Http404
    return draft


def _text(draft: Draft, text: dict[str, str]) -> Words:
    return words(text, draft.language, source=draft.edition.source_language)


@require_http_methods(EDITING)
@requires("charters.edit")
def commitment_delete(request: StaffRequest, charter: str, pk: int) -> HttpResponse:
    """Take a commitment out of a draft, with its indicators."""
    draft = _open_draft(request, charter)
    item: Commitment = get_object_or_404(Commitment, edition=draft.edition, pk=pk)
    indicators = item.indicator_rules.count()
    also = ngettext(
        "Its indicator goes with it.", "Its %(n)d indicators go with it.", indicators
    ) % {"n": indicators}
    return _removal(
        request,
        draft,
        Removal(
            section="quality",
            anchor="commitments",
            code=item.code,
            text=_text(draft, item.text),
            also=also if indicators else "",
            remove=lambda revision: remove(
                edition=draft.edition,
                revision=revision,
                item=item,
                by=request.user,
                at=timezone.now(),
            ),
        ),
    )


@require_http_methods(EDITING)
@requires("charters.edit")
def assurance_delete(request: StaffRequest, charter: str, pk: int) -> HttpResponse:
    """Take an assurance measure out of a draft."""
    draft = _open_draft(request, charter)
    item: AssuranceMeasure = get_object_or_404(
        AssuranceMeasure, edition=draft.edition, pk=pk
    )

    def take_out(revision: int) -> None:
        remove(
            edition=draft.edition,
            revision=revision,
            item=item,
            by=request.user,
            at=timezone.now(),
        )

    return _removal(request, draft, _measure(draft, item, "assurance", take_out))


@require_http_methods(EDITING)
@requires("charters.edit")
def redress_delete(request: StaffRequest, charter: str, pk: int) -> HttpResponse:
    """Take a redress measure out of a draft."""
    draft = _open_draft(request, charter)
    item: RedressMeasure = get_object_or_404(
        RedressMeasure, edition=draft.edition, pk=pk
    )

    def take_out(revision: int) -> None:
        remove(
            edition=draft.edition,
            revision=revision,
            item=item,
            by=request.user,
            at=timezone.now(),
        )

    return _removal(request, draft, _measure(draft, item, "redress", take_out))


def _measure(
    draft: Draft,
    item: AssuranceMeasure | RedressMeasure,
    section: str,
    take_out: Callable[[int], None],
) -> Removal:
    return Removal(
        section=section,
        anchor="measures",
        code=item.code,
        text=_text(draft, item.text),
        also="",
        remove=take_out,
    )


@require_http_methods(EDITING)
@requires("charters.edit")
def indicator_delete(request: StaffRequest, charter: str, pk: int) -> HttpResponse:
    """Take an indicator out of a draft."""
    draft = _open_draft(request, charter)
    rule: IndicatorRule = get_object_or_404(
        IndicatorRule.objects.select_related("indicator", "edition__charter"),
        edition=draft.edition,
        pk=pk,
    )
    measured = rule.indicator.results.exists()
    return _removal(
        request,
        draft,
        Removal(
            section="quality",
            anchor="commitments",
            code=rule.indicator.code,
            text=_text(draft, rule.name),
            also=_("The figures of earlier editions stay.") if measured else "",
            remove=lambda revision: remove_rule(
                rule=rule, revision=revision, by=request.user, at=timezone.now()
            ),
        ),
    )


# --- making and changing --------------------------------------------------------


@require_http_methods(EDITING)
@requires("charters.edit")
def commitment(
    request: StaffRequest, charter: str, pk: int | None = None
) -> HttpResponse:
    """Edit a commitment of a draft, or make one."""
    return CommitmentPage(request, charter, pk).answer()


@require_http_methods(EDITING)
@requires("charters.edit")
def assurance(
    request: StaffRequest, charter: str, pk: int | None = None
) -> HttpResponse:
    """Edit an assurance measure of a draft, or make one."""
    return AssurancePage(request, charter, pk).answer()


@require_http_methods(EDITING)
@requires("charters.edit")
def redress(request: StaffRequest, charter: str, pk: int | None = None) -> HttpResponse:
    """Edit a redress measure of a draft, or make one."""
    return RedressPage(request, charter, pk).answer()


@require_http_methods(EDITING)
@requires("charters.edit")
def indicator(
    request: StaffRequest,
    charter: str,
    pk: int | None = None,
    commitment: int | None = None,
) -> HttpResponse:
    """Edit an indicator of a draft, or make one for a commitment."""
    return IndicatorPage(request, charter, pk, commitment=commitment).answer()
