"""Small whole things for tests to start from."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.enums import Role
from accounts.models import Membership, Organisation, User
from charters.models import Edition
from charters.services.exchange import import_document
from charters.services.publication import Evidence, publish

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PASSWORD = "a-long-test-password"

OFFICE_HOURS = {
    "zone": "Europe/Madrid",
    "known_from": "2024-01-01",
    "known_until": "2060-01-01",
    "weekly": {
        day: [["09:00", "14:00"]] for day in ("mon", "tue", "wed", "thu", "fri")
    },
    "working_weekdays": ["mon", "tue", "wed", "thu", "fri"],
    "holidays": {"2026-01-01": "Any nou", "2026-01-06": "Reis", "2026-12-25": "Nadal"},
}


def text(words: str, *languages: str) -> dict[str, str]:
    return {code: f"{words} ({code})" for code in languages or ("ca", "es")}


def indicator(code: str = "IND-1", **changes: Any) -> dict[str, Any]:
    """A share of requests answered within ten working days."""
    return {
        "code": code,
        "name": text("Answered in time"),
        "kind": "share_within_limit",
        "unit": "percent",
        "comparator": ">=",
        "target": "95",
        "period": "month",
        "stream": "requests",
        "calendar": "office",
        "rule": {
            "start": {"types": ["opened"]},
            "stop": {"types": ["closed"]},
            "limit": {"amount": "10", "unit": "working_days"},
            "counted_in": "due",
        },
    } | changes


def charter_document(
    *,
    slug: str = "library",
    indicators: list[dict[str, Any]] | None = None,
    valid_from: str = "2026-01-01",
    valid_until: str = "2028-01-01",
    types: tuple[str, ...] = ("closed", "opened"),
    attributes: tuple[str, ...] = ("channel",),
    languages: tuple[str, ...] = ("ca", "es"),
    time_zone: str = "Europe/Madrid",
    expected_gap_days: int | None = None,
) -> dict[str, Any]:
    """A charter that can be published as it is."""

    def t(words: str) -> dict[str, str]:
        return text(words, *languages)

    return copy.deepcopy(
        {
            "format": "paraula-charter/1",
            "charter": {"slug": slug, "scope": "service", "audience": "external"},
            "edition": {
                "number": None,
                "source_language": languages[0],
                "valid_from": valid_from,
                "valid_until": valid_until,
                "title": t(f"Charter {slug}"),
                "summary": t("What we promise"),
            },
            "general": {
                "aims": t("Who we are"),
                "services": [
                    {"code": "S1", "name": t("Loans"), "description": t("Books")}
                ],
                "responsible": t("The director"),
                "rights": t("Your rights"),
                "participation": t("Take part"),
                "norms": [{"title": t("A law"), "reference": "Llei 1/2000", "url": ""}],
                "complaints": t("Complain here"),
                "access": {},
                "fees": {},
            },
            "quality": {
                "introduction": {},
                "information": {},
                "equality": {},
                "commitments": [
                    {
                        "code": "C1",
                        "service": "S1",
                        "text": t("We answer within ten working days"),
                        "level": "general",
                        "legal_minimum": {},
                        "baseline": {},
                        "indicators": [indicator()]
                        if indicators is None
                        else indicators,
                    }
                ],
            },
            "assurance": {
                "introduction": {},
                "certifications": {},
                "measures": [{"code": "A1", "text": t("We train our staff")}],
            },
            "redress": {
                "how_to_claim": t("Claim on this site"),
                "effects": t("No patrimonial liability by itself"),
                "measures": [
                    {
                        "code": "R1",
                        "kind": "apology",
                        "text": t("We apologise"),
                        "commitments": ["C1"],
                        "trigger": "claim",
                        "filing_days": 30,
                        "amount": None,
                        "currency": "",
                        "eligible": {},
                        "exclusions": {},
                        "delivery": {},
                    }
                ],
            },
            "complementary": {
                "responsible_unit": t("Library unit"),
                "address": t("1 Main Street"),
                "phone": "93 000 00 00",
                "email": "library@example.org",
                "web": "https://example.org/",
                "hours": t("Monday to Friday"),
                "getting_there": {},
                "notes": {},
            },
            "streams": [
                {
                    "code": "requests",
                    "name": t("Requests"),
                    "time_zone": time_zone,
                    "types": sorted(types),
                    "attributes": sorted(attributes),
                    "expected_gap_days": expected_gap_days,
                }
            ],
            "calendars": [
                {"code": "office", "name": t("Office"), "definition": OFFICE_HOURS}
            ],
        }
    )


def organisation(slug: str = "vila", **changes: Any) -> Organisation:
    return Organisation.objects.create(
        **(
            {
                "slug": slug,
                "name": text(f"Town of {slug}", "ca", "es", "it", "en"),
                "liability": text("No liability by itself", "ca", "es", "it", "en"),
                "claim_term": {"amount": "15", "unit": "working_days"},
                "claim_calendar": "office",
            }
            | changes
        )
    )


def person(role: str, *, of: Organisation, email: str = "") -> User:
    user = User.objects.create_user(
        email=email or f"{role.lower()}@{of.slug}.example.org",
        password=PASSWORD,
        name=f"{Role(role).name.title()} of {of.slug}",
        language="en",
    )
    Membership.objects.create(user=user, organisation=of, role=role)
    return user


def draft(document: dict[str, Any], *, of: Organisation) -> Edition:
    return import_document(document=document, organisation=of, by=None, at=NOW).edition


def published(document: dict[str, Any], *, of: Organisation) -> Edition:
    """Publish on the eve of the first day in force, as an office would."""
    edition = draft(document, of=of)
    first = datetime.fromisoformat(document["edition"]["valid_from"])
    eve = first.replace(tzinfo=UTC) - timedelta(hours=12)
    return publish(edition=edition, by=None, at=eve, evidence=Evidence())
