"""Commitments, assurance and redress as parts of an edition."""

from decimal import Decimal

import pytest
from django.db import IntegrityError

from charters.services.exchange import export_document
from commitments.models import (
    AssuranceMeasure,
    Commitment,
    RedressCover,
    RedressMeasure,
)
from commitments.queries.editions import assurance_of, commitments_of, redress_of
from tests import builders


@pytest.fixture
def draft(town):
    document = builders.charter_document()
    first = document["quality"]["commitments"][0]
    document["quality"]["commitments"] = [
        first | {"code": "Z9", "level": "specific", "baseline": {"ca": "Abans: 80 %"}},
        first | {"code": "A1", "indicators": [], "legal_minimum": {"ca": "Llei"}},
    ]
    document["redress"]["measures"][0] |= {
        "commitments": ["Z9", "A1"],
        "kind": "fixed_sum",
        "amount": "12",
        "currency": "EUR",
    }
    return builders.draft(document, of=town)


def test_the_order_of_the_document_is_kept(draft):
    assert [item.code for item in commitments_of(draft)] == ["Z9", "A1"]
    assert [item.code for item in assurance_of(draft)] == ["A1"]
    (redress,) = redress_of(draft)
    assert sorted(item.code for item in redress.commitments.all()) == ["A1", "Z9"]


def test_everything_comes_out_again(draft):
    document = export_document(draft)
    strict, other = document["quality"]["commitments"]
    assert (strict["level"], strict["baseline"]) == ("specific", {"ca": "Abans: 80 %"})
    assert other["legal_minimum"] == {"ca": "Llei"}
    (redress,) = document["redress"]["measures"]
    assert redress["commitments"] == ["A1", "Z9"]
    assert (redress["amount"], redress["filing_days"]) == ("12.00", 30)


def test_reading_redress_costs_two_queries_whatever_it_covers(
    draft, django_assert_num_queries
):
    with django_assert_num_queries(2):
        [
            [item.code for item in measure.commitments.all()]
            for measure in redress_of(draft)
        ]


@pytest.mark.parametrize(
    ("model", "changes", "name"),
    [
        (Commitment, {"code": "A1"}, "commitment_code_once"),
        (Commitment, {"level": "solemn"}, "commitment_level_known"),
        (AssuranceMeasure, {"code": "A1"}, "assurance_code_once"),
        (RedressMeasure, {"code": "R1", "kind": "apology"}, "redress_code_once"),
        (RedressMeasure, {"kind": "gift"}, "redress_kind_known"),
        (RedressMeasure, {"kind": "other", "trigger": "moon"}, "redress_trigger_known"),
        (
            RedressMeasure,
            {"kind": "fixed_sum", "amount": Decimal(5)},
            "redress_amount_with_currency",
        ),
        (
            RedressMeasure,
            {"kind": "fixed_sum", "amount": Decimal(0), "currency": "EUR"},
            "redress_amount_with_currency",
        ),
    ],
)
def test_the_constraints_by_name(draft, model, changes, name):
    with pytest.raises(IntegrityError, match=name):
        model.objects.create(
            **{"organisation": draft.organisation, "edition": draft, "code": "N"}
            | changes
        )


def test_a_measure_covers_a_commitment_once(draft):
    cover = RedressCover.objects.first()
    cover.pk = None
    with pytest.raises(IntegrityError, match="redress_cover_once"):
        cover.save()
