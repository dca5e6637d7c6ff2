"""Pages that edit a draft: its head and its five sections."""

from datetime import datetime

from django.http import Http404, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from charters.forms import HeadForm, SectionEditor
from charters.rules import SECTION_BY_KEY
from charters.services.drafts import save
from commitments.queries.editions import assurance_of, commitments_of, redress_of
from core.text import words
from indicators.models import IndicatorRule
from web.office.access import StaffRequest, requires
from web.office.editing import DraftPage, Form


class HeadPage(DraftPage):
    """Title, summary, validity."""

    template = "office/head.html"

    def form(self, data: QueryDict | None, *, conflict: bool = False) -> HeadForm:
        edition = self.draft.edition
        return HeadForm(
            data,
            stored={
                name: getattr(edition, name)
                for name in HeadForm.base_fields
                if name != "revision"
            },
            revision=edition.revision,
            language=self.draft.language,
            source=edition.source_language,
            conflict=conflict,
        )

    def save(self, form: Form, *, at: datetime) -> None:
        save(
            edition=self.draft.edition,
            revision=form.cleaned_data["revision"],
            changes=form.values(),
            by=self.request.user,
            at=at,
        )

    def title(self) -> str:
        return _("Title and validity")

    def done_url(self) -> str:
        return self.url("head") + f"?lang={self.draft.language}"


class SectionPage(DraftPage):
    """One of the five sections."""

    template = "office/section.html"

    def __init__(self, request: StaffRequest, slug: str, section: str) -> None:
        if section not in SECTION_BY_KEY:
            raise Http404
        self.section = SECTION_BY_KEY[section]
        self.key = section
        super().__init__(request, slug)

    def form(self, data: QueryDict | None, *, conflict: bool = False) -> SectionEditor:
        edition = self.draft.edition
        return SectionEditor(
            self.section,
            data,
            stored=getattr(edition, self.key),
            revision=edition.revision,
            language=self.draft.language,
            source=edition.source_language,
            conflict=conflict,
        )

    def save(self, form: Form, *, at: datetime) -> None:
        save(
            edition=self.draft.edition,
            revision=form.cleaned_data["revision"],
            changes={self.key: form.values()},
            by=self.request.user,
            at=at,
        )

    def title(self) -> str:
        return str(self.section.title)

    def done_url(self) -> str:
        return self.section_url(self.key)

    def context(self) -> dict[str, object]:
        edition, source = self.draft.edition, self.draft.edition.source_language
        language = self.draft.language
        context: dict[str, object] = {"section": self.key}
        if self.key == "quality":
            rules: dict[int, list[tuple[IndicatorRule, object]]] = {}
            for rule in (
                IndicatorRule.objects.filter(edition=edition)
                .select_related("indicator")
                .order_by("position", "pk")
            ):
                name = words(rule.name, language, source=source)
                rules.setdefault(rule.commitment_id, []).append((rule, name))
            context["commitments"] = [
                (
                    item,
                    words(item.text, language, source=source),
                    rules.get(item.pk, []),
                )
                for item in commitments_of(edition)
            ]
        elif self.key == "assurance":
            context["measures"] = [
                (item, words(item.text, language, source=source), "")
                for item in assurance_of(edition)
            ]
        elif self.key == "redress":
            context["measures"] = [
                (
                    item,
                    words(item.text, language, source=source),
                    ", ".join(
                        sorted(covered.code for covered in item.commitments.all())
                    ),
                )
                for item in redress_of(edition)
            ]
        return context


@require_http_methods(["GET", "HEAD", "POST"])
@requires("charters.edit")
def head(request: StaffRequest, charter: str) -> HttpResponse:
    """Edit a draft's title, summary and validity."""
    return HeadPage(request, charter).answer()


@require_http_methods(["GET", "HEAD", "POST"])
@requires("charters.edit")
def section(request: StaffRequest, charter: str, section: str) -> HttpResponse:
    """Edit one section of a draft."""
    return SectionPage(request, charter, section).answer()
