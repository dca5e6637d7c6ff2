"""
What the five sections hold, and what a procedure asks of an edition.

The sections are the index of the Spanish State's model (Real Decreto 951/2005,
art. 9); Llei 19/2014 of Catalonia, art. 59, asks for the same matter in another
order. Nothing legal is in the code elsewhere: limits live in :data:`PROFILES`.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from accounts.enums import Procedure
from charters.enums import EditionState, EndReason, Standing
from charters.models import Edition


class FieldKind(StrEnum):
    """How a field of a section is stored."""

    TEXT = "text"  # translated
    LINE = "line"  # the same in every language
    SERVICES = "services"
    NORMS = "norms"


@dataclass(frozen=True, slots=True)
class SectionField:
    """One field of a section."""

    key: str
    label: LazyText | str
    kind: FieldKind = FieldKind.TEXT
    mandatory: bool = False
    help_text: LazyText | str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One of the five sections of a charter."""

    key: str
    title: LazyText | str
    fields: tuple[SectionField, ...]


SECTIONS: tuple[Section, ...] = (
    Section(
        "general",
        _("General and legal information"),
        (
            SectionField(
                "aims",
                _("Identification and aims"),
                mandatory=True,
                help_text=_("Who you are and what you are for, in a few sentences."),
            ),
            SectionField(
                "services", _("Main services"), FieldKind.SERVICES, mandatory=True
            ),
            SectionField("responsible", _("Who is responsible"), mandatory=True),
            SectionField("rights", _("Rights and duties of users"), mandatory=True),
            SectionField(
                "participation", _("Ways to take part and collaborate"), mandatory=True
            ),
            SectionField(
                "norms", _("Norms that apply"), FieldKind.NORMS, mandatory=True
            ),
            SectionField("complaints", _("Complaints and suggestions"), mandatory=True),
            SectionField("access", _("Conditions of access")),
            SectionField("fees", _("Fees")),
        ),
    ),
    Section(
        "quality",
        _("Quality commitments and indicators"),
        (
            SectionField("introduction", _("Introduction")),
            SectionField("information", _("How we inform you")),
            SectionField("equality", _("Equality and access for everybody")),
        ),
    ),
    Section(
        "assurance",
        _("Assurance measures"),
        (
            SectionField("introduction", _("Introduction")),
            SectionField("certifications", _("Certified quality systems")),
        ),
    ),
    Section(
        "redress",
        _("Redress and compensation"),
        (
            SectionField(
                "how_to_claim",
                _("How to claim for an unmet commitment"),
                mandatory=True,
            ),
            SectionField("effects", _("Legal effects"), mandatory=True),
        ),
    ),
    Section(
        "complementary",
        _("Complementary information"),
        (
            SectionField(
                "responsible_unit",
                _("Unit responsible for this charter"),
                mandatory=True,
            ),
            SectionField("address", _("Address"), mandatory=True),
            SectionField("phone", _("Telephone"), FieldKind.LINE),
            SectionField("email", _("E-mail"), FieldKind.LINE),
            SectionField("web", _("Website"), FieldKind.LINE),
            SectionField("hours", _("Opening hours"), mandatory=True),
            SectionField("getting_there", _("How to get there")),
            SectionField("notes", _("Other information")),
        ),
    ),
)
SECTION_BY_KEY = {section.key: section for section in SECTIONS}


@dataclass(frozen=True, slots=True)
class Profile:
    """Limits that a procedure sets. Months are whole calendar months."""

    shortest_months: int = 12
    longest_months: int = 36


PROFILES: dict[str, Profile] = {
    Procedure.SPANISH_STATE: Profile(longest_months=36),
    Procedure.CATALAN_MUNICIPALITY: Profile(longest_months=36),
    Procedure.CASTILLA_LA_MANCHA: Profile(longest_months=24),
    Procedure.ANDALUCIA: Profile(longest_months=36),
    Procedure.MADRID_CITY: Profile(longest_months=36),
    Procedure.ITALIAN_BODY: Profile(longest_months=36),
    Procedure.DOMINICAN_MAP: Profile(longest_months=24),
    Procedure.GENERIC: Profile(longest_months=36),
}


def months_between(start: date, end: date) -> int:
    """Return the whole months in ``[start, end)``."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if end.day >= start.day else months - 1


def standing(edition: Edition, *, on: date) -> Standing:
    """Say what an edition is on a day: derived from dates, so it is never stale."""
    if edition.state == EditionState.DRAFT:
        return Standing.DRAFT
    if edition.ended_on is not None and edition.ended_on <= on:
        return (
            Standing.WITHDRAWN
            if edition.end_reason == EndReason.WITHDRAWN
            else Standing.SUPERSEDED
        )
    if edition.valid_from is not None and on < edition.valid_from:
        return Standing.SCHEDULED
    if edition.valid_until is not None and edition.valid_until <= on:
        return Standing.EXPIRED
    return Standing.IN_FORCE


def is_empty(value: Any, kind: FieldKind, language: str) -> bool:
    """Say whether a section's field says nothing in ``language``."""
    if kind is FieldKind.TEXT:
        return not (value or {}).get(language)
    return not value
