"""The commitments' share in an edition's exchange, copying and publication."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from charters.models import Charter, Edition
from charters.parts import Document, Loading, Problem
from charters.services.exchange import ExchangeError
from commitments.models import (
    AssuranceMeasure,
    Commitment,
    RedressCover,
    RedressMeasure,
)
from commitments.queries.editions import assurance_of, commitments_of, redress_of

CENTS = Decimal("0.01")


class CommitmentsPart:
    """See :class:`charters.parts.Part`."""

    def snapshot(self, edition: Edition, document: Document) -> None:
        document["quality"]["commitments"] = [
            {
                "code": item.code,
                "service": item.service,
                "text": item.text,
                "level": item.level,
                "legal_minimum": item.legal_minimum,
                "baseline": item.baseline,
                "indicators": [],
            }
            for item in commitments_of(edition)
        ]
        document["assurance"]["measures"] = [
            {"code": item.code, "text": item.text} for item in assurance_of(edition)
        ]
        document["redress"]["measures"] = [
            _redress(item) for item in redress_of(edition)
        ]

    def load(self, edition: Edition, document: Document, loading: Loading) -> None:
        quality = document.get("quality", {}).get("commitments", [])
        _refuse_twice(quality, "quality.commitments")
        commitments = {
            item["code"]: Commitment.objects.create(
                organisation=edition.organisation,
                edition=edition,
                code=item["code"],
                position=position,
                service=item.get("service", ""),
                text=item["text"],
                level=item.get("level", "general"),
                legal_minimum=item.get("legal_minimum", {}),
                baseline=item.get("baseline", {}),
            )
            for position, item in enumerate(quality)
        }
        measures = document.get("assurance", {}).get("measures", [])
        _refuse_twice(measures, "assurance.measures")
        for position, item in enumerate(measures):
            AssuranceMeasure.objects.create(
                organisation=edition.organisation,
                edition=edition,
                code=item["code"],
                position=position,
                text=item["text"],
            )
        measures = document.get("redress", {}).get("measures", [])
        _refuse_twice(measures, "redress.measures")
        for position, item in enumerate(measures):
            _load_redress(edition, item, position, commitments)

    def problems(self, edition: Edition) -> list[Problem]:
        # Through the relations, so that a page of many drafts can prefetch them.
        commitments = sorted(edition.commitments.all(), key=_place)
        language = edition.source_language
        found = []
        if not commitments:
            message = _("A charter without a commitment promises nothing.")
            found.append(Problem("quality", "commitments", message))
        found += [
            Problem("quality", item.code, _("The commitment has no text."))
            for item in commitments
            if not item.text.get(language)
        ]
        served = {item.service for item in commitments}
        found += [
            Problem(
                "general",
                f"services.{service['code']}",
                _("No commitment covers the service “%(service)s”.")
                % {"service": service["name"].get(language, service["code"])},
            )
            for service in edition.general.get("services", [])
            if service["code"] not in served
        ]
        if not edition.assurance_measures.all():
            message = _("Say how you make sure that the commitments are kept.")
            found.append(Problem("assurance", "measures", message))
        if not edition.redress_measures.all():
            message = _("Say how you make good when a commitment is not kept.")
            found.append(Problem("redress", "measures", message))
        return found

    def published(self, edition: Edition, at: datetime) -> None:
        """Nothing follows for commitments."""

    def changed(self, charter: Charter, commitment: str, at: datetime) -> None:
        """Nothing follows for commitments."""


def _place(item: Commitment) -> tuple[int, int]:
    return item.position, item.pk


def _redress(item: RedressMeasure) -> dict[str, Any]:
    return {
        "code": item.code,
        "kind": item.kind,
        "text": item.text,
        "commitments": sorted(covered.code for covered in item.commitments.all()),
        "trigger": item.trigger,
        "filing_days": item.filing_days,
        "amount": None if item.amount is None else str(item.amount.quantize(CENTS)),
        "currency": item.currency,
        "eligible": item.eligible,
        "exclusions": item.exclusions,
        "delivery": item.delivery,
    }


def _load_redress(
    edition: Edition,
    item: dict[str, Any],
    position: int,
    commitments: dict[str, Commitment],
) -> None:
    amount = _amount(item, f"redress.measures[{position}]")
    measure = RedressMeasure.objects.create(
        organisation=edition.organisation,
        edition=edition,
        code=item["code"],
        position=position,
        kind=item["kind"],
        text=item["text"],
        trigger=item.get("trigger", "claim"),
        filing_days=item.get("filing_days"),
        amount=amount,
        currency=item.get("currency", ""),
        eligible=item.get("eligible", {}),
        exclusions=item.get("exclusions", {}),
        delivery=item.get("delivery", {}),
    )
    for code in item.get("commitments", []):
        if code not in commitments:
            path = f"redress.measures[{position}].commitments"
            raise ExchangeError(path, f"no commitment {code!r} in this charter")
        RedressCover.objects.create(
            organisation=edition.organisation,
            edition=edition,
            measure=measure,
            commitment=commitments[code],
        )


def _amount(item: dict[str, Any], path: str) -> Decimal | None:
    if item.get("amount") is None:
        return None
    amount = Decimal(item["amount"])
    if not amount:
        raise ExchangeError(f"{path}.amount", "must be more than nothing, or null")
    if not item.get("currency"):
        raise ExchangeError(f"{path}.currency", "an amount needs its currency")
    return amount


def _refuse_twice(items: Iterable[dict[str, Any]], path: str) -> None:
    seen = set()
    for index, item in enumerate(items):
        if item["code"] in seen:
            raise ExchangeError(
                f"{path}[{index}].code", f"{item['code']!r} stands twice"
            )
        seen.add(item["code"])
