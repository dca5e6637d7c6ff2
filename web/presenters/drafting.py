"""Charters as those who write them see them: editions, drafts, what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Prefetch
from django.urls import reverse

from accounts.models import Organisation
from charters.enums import EditionState
from charters.models import Charter, Edition
from charters.parts import Problem
from charters.rules import SECTIONS, standing
from charters.services.publication import problems_of
from core.text import Words, words
from indicators.edition_part import published_rules
from indicators.models import IndicatorRule
from web.presenters.periods import civil_day, day_words

# What problems_of reads, so that many drafts cost as many queries as one.
PARTS = (
    "commitments",
    "assurance_measures",
    "redress_measures",
    Prefetch(
        "indicator_rules",
        queryset=IndicatorRule.objects.select_related(
            "indicator", "stream", "calendar"
        ),
    ),
    published_rules("indicator_rules__indicator__rules"),
)


@dataclass(frozen=True, slots=True)
class EditionLine:
    """An edition in a list."""

    number: int
    standing: str
    title: Words
    first_day: str
    last_day: str


@dataclass(frozen=True, slots=True)
class StepLine:
    """A move in the life of an edition, with its evidence."""

    when: str
    what: str
    by: str
    evidence: str


@dataclass(frozen=True, slots=True)
class CharterLine:
    """A charter in the office's list."""

    slug: str
    title: Words
    shown: EditionLine | None
    draft: EditionLine | None
    problems: int


@dataclass(frozen=True, slots=True)
class MendableProblem:
    """A problem with the address of the place to mend it."""

    message: str
    subject: str
    url: str


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """The problems of one section."""

    key: str
    title: str
    url: str
    problems: tuple[MendableProblem, ...]


def edition_line(edition: Edition, *, language: str, on: date) -> EditionLine:
    """Put an edition into a line of a list."""
    ends = [day for day in (edition.valid_until, edition.ended_on) if day is not None]
    return EditionLine(
        number=edition.number,
        standing=standing(edition, on=on),
        title=words(edition.title, language, source=edition.source_language),
        first_day=day_words(edition.valid_from) if edition.valid_from else "",
        last_day=day_words(min(ends) - timedelta(days=1)) if ends else "",
    )


def step_lines(edition: Edition) -> list[StepLine]:
    """List what happened to an edition, in order."""
    zone = edition.organisation.time_zone
    return [
        StepLine(
            when=day_words(civil_day(step.taken_at, zone)),
            what=step.get_kind_display(),
            by=str(step.by or ""),
            evidence=" · ".join(
                filter(
                    None,
                    (
                        step.authority,
                        step.act_number,
                        day_words(step.act_on) if step.act_on else "",
                        step.gazette,
                    ),
                )
            ),
        )
        for step in edition.steps.select_related("by").order_by("taken_at", "pk")
    ]


def charter_lines(
    organisation: Organisation, *, language: str, on: date
) -> list[CharterLine]:
    """List an organisation's charters in a fixed number of queries."""
    charters = (
        Charter.objects.filter(organisation=organisation)
        .prefetch_related(
            Prefetch("editions", queryset=Edition.objects.defer("snapshot"))
        )
        .order_by("slug")
    )
    drafts = {
        edition.charter_id: edition
        for edition in Edition.objects.filter(
            organisation=organisation, state=EditionState.DRAFT
        )
        .select_related("organisation")
        .prefetch_related(*PARTS)
    }
    lines = [
        _charter_line(charter, drafts.get(charter.pk), language, on)
        for charter in charters
    ]
    return sorted(lines, key=lambda line: (line.title.text.casefold(), line.slug))


def _charter_line(
    charter: Charter, draft: Edition | None, language: str, on: date
) -> CharterLine:
    published = sorted(
        (
            edition
            for edition in charter.editions.all()
            if edition.state == EditionState.PUBLISHED
            and edition.valid_from is not None
        ),
        key=lambda edition: edition.valid_from or date.min,
    )
    begun = [edition for edition in published if (edition.valid_from or on) <= on]
    seen = (begun or published)[-1:] if begun else published[:1]
    newest = seen[0] if seen else draft
    title = (
        words(newest.title, language, source=newest.source_language)
        if newest is not None
        else Words("", language)
    )
    return CharterLine(
        slug=charter.slug,
        title=title if title.text else Words(charter.slug, language),
        shown=edition_line(seen[0], language=language, on=on) if seen else None,
        draft=edition_line(draft, language=language, on=on) if draft else None,
        problems=len(problems_of(draft)) if draft else 0,
    )


def problem_groups(
    edition: Edition, *, organisation: str, problems: Sequence[Problem] | None = None
) -> list[ProblemGroup]:
    """Group what keeps a draft from publication, each with where to mend it."""
    found = problems_of(edition) if problems is None else problems
    slug = edition.charter.slug
    head = reverse("office:head", args=[organisation, slug])
    pages = {
        section.key: reverse("office:section", args=[organisation, slug, section.key])
        for section in SECTIONS
    }
    titles = {section.key: str(section.title) for section in SECTIONS}
    places = _places(edition, organisation)
    groups = []
    for key in ("edition", *pages):
        page = pages.get(key, head)
        mended = tuple(
            MendableProblem(
                problem.message,
                problem.subject if problem.subject in places else "",
                places.get(problem.subject) or f"{page}#{_anchor(problem.subject)}",
            )
            for problem in found
            if problem.section == key
        )
        if mended:
            groups.append(ProblemGroup(key, titles.get(key, ""), page, mended))
    return groups


def _anchor(subject: str) -> str:
    first = subject.partition(".")[0]
    return (
        first
        if first in {"commitments", "measures", "services", "norms"}
        else f"id_{first}"
    )


def _places(edition: Edition, organisation: str) -> dict[str, str]:
    """Map codes of commitments and indicators to the pages that edit them."""
    slug = edition.charter.slug
    commitments = edition.commitments.values_list("code", "pk")
    rules = edition.indicator_rules.values_list("indicator__code", "pk")
    return {
        code: reverse("office:commitment", args=[organisation, slug, pk])
        for code, pk in commitments
    } | {
        code: reverse("office:indicator", args=[organisation, slug, pk])
        for code, pk in rules
    }
