"""
The one way in which a page of a draft is opened, saved and refused.

Nothing typed is ever lost: a save that comes too late is answered with the page as
it was typed, what the draft says now beside it, and the choice to save over it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from charters.enums import EditionState
from charters.forms import LANGUAGE_NAMES, DraftForm, Fault, SectionEditor, form_faults
from charters.models import Charter, Edition
from charters.rules import SECTIONS
from charters.services.drafts import NotADraftError, StaleDraftError
from charters.services.publication import problems_of
from commitments.services.drafts import CodeTakenError
from core.text import LANGUAGES, Words, words
from indicators.services.definitions import CodeElsewhereError
from web.office.access import StaffRequest, page_language, render_office

Form = DraftForm | SectionEditor
Crumb = tuple[str | Words, str]


@dataclass(frozen=True, slots=True)
class Tab:
    """A language in which the page's texts can be edited."""

    code: str
    name: str
    current: bool
    source: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a draft in the list of its pages."""

    title: str
    url: str
    current: bool
    problems: int


@dataclass(frozen=True, slots=True)
class Draft:
    """
    A charter's draft as a page works on it.

    :ivar open: false if it has been published: ``edition`` is then the newest one.
    :ivar language: the language whose texts are edited.
    """

    charter: Charter
    edition: Edition
    open: bool
    language: str


def charter_of(request: StaffRequest, slug: str) -> Charter:
    """
    Return a charter of the request's organisation.

    :raises Http404: if it has none of that name.
    """
    charter: Charter = get_object_or_404(
        Charter.objects.select_related("organisation"),
        organisation=request.organisation,
        slug=slug,
    )
    return charter


def draft_of_page(request: StaffRequest, slug: str) -> Draft:
    """
    Return the draft that a page works on.

    :raises Http404: if there is no such charter, or it has no edition at all.
    """
    charter = charter_of(request, slug)
    newest = (
        Edition.objects.filter(charter=charter)
        .select_related("charter", "organisation")
        .defer("snapshot")
        .order_by("-number")
    )
    edition = newest.filter(state=EditionState.DRAFT).first() or newest.first()
    if edition is None:
        raise Http404
    asked = request.GET.get("lang", "")
    return Draft(
        charter=charter,
        edition=edition,
        open=edition.state == EditionState.DRAFT,
        language=asked if asked in LANGUAGES else edition.source_language,
    )


class DraftPage(ABC):
    """
    A page that edits something of a draft; one subclass per thing.

    :cvar template: shows ``form``, ``conflict``, ``closed`` and what
        :meth:`context` adds.
    """

    template: str
    key = ""  # of the section it belongs to; empty for the edition itself

    def __init__(self, request: StaffRequest, slug: str) -> None:
        self.request = request
        self.slug = slug
        self.draft = draft_of_page(request, slug)

    # What a subclass says.

    @abstractmethod
    def form(self, data: QueryDict | None, *, conflict: bool = False) -> Form:
        """Return the form over what the draft holds now."""

    @abstractmethod
    def save(self, form: Form, *, at: datetime) -> None:
        """Write what was typed, through a service."""

    @abstractmethod
    def title(self) -> str:
        """Return the page's heading."""

    @abstractmethod
    def done_url(self) -> str:
        """Return where to go after saving."""

    def action(self) -> str:
        """Return where the form goes; empty for the page itself."""
        return ""

    def crumbs(self) -> list[Crumb]:
        """Return the pages between the charter and this one."""
        return []

    def context(self) -> dict[str, object]:
        """Return what else the template shows."""
        return {}

    # How every page goes.

    def answer(self) -> HttpResponse:
        """Open or save the page."""
        if self.request.method != "POST":
            return self._opened()
        if not self.draft.open:
            return self._refused(closed=True)
        form = self.form(self.request.POST)
        if "add" in self.request.POST and isinstance(form, SectionEditor):
            return self._shown(form.with_more_rows())
        if not form.is_valid():
            return self._shown(form)
        try:
            self.save(form, at=timezone.now())
        except StaleDraftError:
            return self._refused()
        except NotADraftError:
            return self._refused(closed=True)
        except (CodeTakenError, CodeElsewhereError) as error:
            return self._code_refused(form, error)
        messages.success(self.request, _("Saved."))
        return redirect(self.done_url())

    def _opened(self) -> HttpResponse:
        if not self.draft.open:
            messages.info(
                self.request,
                _("There is no draft: open a new edition to change the charter."),
            )
            return redirect(self.url("charter"))
        return self._shown(self.form(None))

    def _refused(self, *, closed: bool = False) -> HttpResponse:
        """Show what was typed beside what the draft has become."""
        self.draft = draft_of_page(self.request, self.slug)
        form = self.form(self.request.POST, conflict=True)
        return self._shown(form, conflict=not closed, closed=closed, status=409)

    def _code_refused(self, form: Form, error: Exception) -> HttpResponse:
        message = (
            _("Another charter has an indicator with this code.")
            if isinstance(error, CodeElsewhereError)
            else _("Something else in this charter has this code.")
        )
        if isinstance(form, forms.Form):
            form.add_error("code", message)
        return self._shown(form)

    def _shown(
        self,
        form: Form,
        *,
        conflict: bool = False,
        closed: bool = False,
        status: int = 200,
    ) -> HttpResponse:
        return render_office(
            self.request,
            self.template,
            {
                "form": form,
                "conflict": conflict,
                "closed": closed,
                "faults": faults_of(form),
                "action": self.action(),
                "title": self.title(),
                "tabs": self._tabs(),
                "language_name": str(LANGUAGE_NAMES[self.draft.language]),
                "source_name": str(LANGUAGE_NAMES[self.draft.edition.source_language]),
                "translating": self.draft.language
                != self.draft.edition.source_language,
                **draft_context(self.request, self.draft, self.key),
                "crumbs": charter_crumbs(
                    self.request, self.draft, [*self.crumbs(), (self.title(), "")]
                ),
                **self.context(),
            },
            status=status,
        )

    def _tabs(self) -> list[Tab]:
        return [
            Tab(
                code=code,
                name=str(name),
                current=code == self.draft.language,
                source=code == self.draft.edition.source_language,
            )
            for code, name in LANGUAGE_NAMES.items()
        ]

    def url(self, name: str, *more: object) -> str:
        """Return the address of another page of this charter."""
        return address(self.request, self.slug, name, *more)

    def section_url(self, key: str, anchor: str = "") -> str:
        """Return the address of a section's page, in the language being edited."""
        url = self.url("section", key)
        if self.draft.language != self.draft.edition.source_language:
            url += f"?lang={self.draft.language}"
        return f"{url}#{anchor}" if anchor else url


def address(request: StaffRequest, slug: str, name: str, *more: object) -> str:
    """Return the address of a page of a charter."""
    return reverse(f"office:{name}", args=[request.organisation.slug, slug, *more])


def faults_of(form: Form) -> list[Fault]:
    """List a form's errors with the places they belong to."""
    return form.faults if isinstance(form, SectionEditor) else form_faults(form)


def charter_title(draft: Draft) -> Words:
    """Return the charter's title for the page's reader."""
    edition = draft.edition
    found = words(edition.title, page_language(), source=edition.source_language)
    return found if found.text else Words(draft.charter.slug, page_language())


def charter_crumbs(
    request: StaffRequest, draft: Draft, more: Sequence[Crumb]
) -> list[Crumb]:
    """Return the way from the list of charters to a page of one of them."""
    return [
        (_("Charters"), reverse("office:charters", args=[request.organisation.slug])),
        (charter_title(draft), address(request, draft.charter.slug, "charter")),
        *more,
    ]


def draft_context(request: StaffRequest, draft: Draft, key: str) -> dict[str, Any]:
    """Return what every page of a draft shows beside its form."""
    problems = problems_of(draft.edition) if draft.open else []
    slug = draft.charter.slug

    def step(step_key: str, title: str, url: str) -> Step:
        found = sum(problem.section == (step_key or "edition") for problem in problems)
        return Step(title, url, step_key == key, found)

    steps = [step("", _("Title and validity"), address(request, slug, "head"))]
    steps += [
        step(
            section.key,
            f"{number}. {section.title}",
            address(request, slug, "section", section.key),
        )
        for number, section in enumerate(SECTIONS, start=1)
    ]
    return {
        "charter": draft.charter,
        "charter_title": charter_title(draft),
        "edition": draft.edition,
        "steps": steps,
        "next_step": _after(steps),
        "problems_total": len(problems),
        "problems_words": ngettext(
            "%(n)d thing is still missing",
            "%(n)d things are still missing",
            len(problems),
        )
        % {"n": len(problems)},
    }


def _after(steps: Sequence[Step]) -> Step | None:
    """Return the page that follows the current one."""
    current = next(index for index, step in enumerate(steps) if step.current)
    return steps[current + 1] if current + 1 < len(steps) else None
