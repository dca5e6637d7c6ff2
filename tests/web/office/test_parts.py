"""Commitments, measures and indicators of a draft."""

import json

import pytest

from commitments.models import AssuranceMeasure, Commitment, RedressMeasure
from indicators.models import Indicator, IndicatorRule
from tests import builders
from tests.web.office.pages import LIBRARY, fields, fill, words


@pytest.fixture
def commitment(draft) -> Commitment:
    return Commitment.objects.get(edition=draft)


@pytest.fixture
def rule(draft) -> IndicatorRule:
    return IndicatorRule.objects.get(edition=draft)


def address(item, *, name: str = "") -> str:
    folder = {
        Commitment: "commitments",
        AssuranceMeasure: "assurance",
        RedressMeasure: "redress",
        IndicatorRule: "indicators",
    }[type(item)]
    return f"{LIBRARY}{folder}/{item.pk}/{name}"


# --- commitments -----------------------------------------------------------------


def test_commitment_is_made(drafter, draft):
    response = fill(
        drafter, f"{LIBRARY}commitments/new/", code="C2", text="Obrim cada dia",
        level="specific", service="S1",
    )  # fmt: skip
    assert response.url == f"{LIBRARY}sections/quality/#commitments"
    made = Commitment.objects.get(edition=draft, code="C2")
    assert (made.text, made.level, made.position) == (
        {"ca": "Obrim cada dia"}, "specific", 1,
    )  # fmt: skip
    draft.refresh_from_db()
    assert draft.revision == 1
    assert "Nothing measures it yet." in words(
        drafter.get(f"{LIBRARY}sections/quality/")
    )


def test_commitment_is_translated(drafter, commitment):
    url = f"{address(commitment)}?lang=es"
    assert "In Catalan: We answer within ten" in words(drafter.get(url))
    response = fill(drafter, url, text="Respondemos")
    assert response.url.endswith("?lang=es#commitments")
    commitment.refresh_from_db()
    assert commitment.text == {
        "ca": "We answer within ten working days (ca)",
        "es": "Respondemos",
    }


def test_commitment_cannot_take_anothers_code(drafter, commitment):
    response = fill(drafter, f"{LIBRARY}commitments/new/", code="C1", text="Again")
    assert response.status_code == 200
    assert "Something else in this charter has this code." in words(response)
    assert "Again" in response.content.decode()


def test_commitment_keeps_a_service_that_is_gone(drafter, draft, commitment):
    type(draft).objects.filter(pk=draft.pk).update(general={})
    assert fill(drafter, address(commitment)).status_code == 302
    commitment.refresh_from_db()
    assert commitment.service == "S1"


def test_deleting_a_commitment_is_asked_first(drafter, draft, commitment):
    url = address(commitment, name="delete/")
    page = words(drafter.get(url))
    assert "Delete C1?" in page
    assert "Its indicator goes with it." in page
    assert fill(drafter, url).status_code == 302
    assert not Commitment.objects.filter(edition=draft).exists()
    assert not IndicatorRule.objects.filter(edition=draft).exists()
    # The published edition keeps its own.
    assert Commitment.objects.count() == 1


def test_deleting_is_refused_if_somebody_saved_meanwhile(drafter, draft, commitment):
    url = address(commitment, name="delete/")
    sent = fields(drafter.get(url))
    fill(drafter, address(commitment), text="Changed")
    response = drafter.post(url, sent)
    assert response.status_code == 409
    assert "Changed" in words(response)
    assert drafter.post(url, fields(response)).status_code == 302


@pytest.mark.parametrize("revision", ["", "x", "-5"])
def test_deleting_without_a_revision_is_refused(drafter, commitment, revision):
    url = address(commitment, name="delete/")
    assert drafter.post(url, {"revision": revision}).status_code == 409


def test_stale_commitment_shows_both_texts(drafter, commitment):
    url = address(commitment)
    mine = fields(drafter.get(url)) | {"text": "Mine"}
    fill(drafter, url, text="Theirs", level="specific")
    response = drafter.post(url, mine)
    assert response.status_code == 409
    page = words(response)
    assert "What is saved now Theirs" in page
    assert "What is saved now Specific standard" in page
    assert drafter.post(url, fields(response)).status_code == 302
    commitment.refresh_from_db()
    assert commitment.text["ca"] == "Mine"


def test_commitment_deleted_while_edited_can_be_made_again(drafter, draft, commitment):
    url = address(commitment)
    mine = fields(drafter.get(url)) | {"text": "Do not lose me"}
    fill(drafter, address(commitment, name="delete/"))
    response = drafter.post(url, mine)
    assert response.status_code == 409
    assert "What you were editing has been deleted." in words(response)
    assert drafter.post(url, fields(response)).status_code == 302
    made = Commitment.objects.get(edition=draft)
    assert made.text == {"ca": "Do not lose me"}


def test_rows_of_the_published_edition_cannot_be_reached(drafter, charter, draft):
    published = Commitment.objects.get(edition=charter)
    assert drafter.get(address(published)).status_code == 404
    assert drafter.get(address(published, name="delete/")).status_code == 404
    # Its form, sent all the same, writes nothing over it.
    response = drafter.post(
        address(published),
        {"revision": 7, "code": "C9", "text": "x", "level": "general"},
    )
    assert response.status_code == 409
    published.refresh_from_db()
    assert published.text == builders.text("We answer within ten working days")


# --- measures ---------------------------------------------------------------------


def test_assurance_measure_is_made_changed_and_deleted(drafter, draft):
    fill(drafter, f"{LIBRARY}assurance/new/", code="A2", text="Formem")
    made = AssuranceMeasure.objects.get(edition=draft, code="A2")
    fill(drafter, address(made), text="Formem tothom")
    made.refresh_from_db()
    assert (made.text, made.position) == ({"ca": "Formem tothom"}, 1)
    assert "Formem tothom" in words(drafter.get(f"{LIBRARY}sections/assurance/"))
    response = fill(drafter, address(made, name="delete/"))
    assert response.url == f"{LIBRARY}sections/assurance/#measures"
    assert not AssuranceMeasure.objects.filter(pk=made.pk).exists()


def test_redress_measure_answers_for_commitments(drafter, draft, commitment):
    response = fill(
        drafter, f"{LIBRARY}redress/new/", code="R2", kind="fixed_sum",
        text="Vint euros", commitments=["C1"], trigger="automatic", filing_days="30",
        amount="20.00", currency="EUR",
    )  # fmt: skip
    assert response.status_code == 302
    made = RedressMeasure.objects.get(edition=draft, code="R2")
    assert [item.code for item in made.commitments.all()] == ["C1"]
    assert (str(made.amount), made.currency, made.filing_days) == ("20.00", "EUR", 30)
    page = words(drafter.get(f"{LIBRARY}sections/redress/"))
    assert "R2 Vint euros For C1." in page
    fill(drafter, address(made), commitments=[])
    assert made.commitments.count() == 0
    assert fill(drafter, address(made, name="delete/")).status_code == 302


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"amount": "5"}, "An amount needs its currency."),
        ({"amount": "5", "currency": "euros"}, "Three capital letters, for example EUR."),
        ({"amount": "0", "currency": "EUR"}, "Amount – Ensure this value is greater"),
        ({"commitments": ["C9"]}, "Select a valid choice. C9"),
        ({"filing_days": "0"}, "Calendar days to claim – Ensure this value"),
        ({"kind": "gift"}, "Kind – Select a valid choice."),
    ],
)  # fmt: skip
def test_faults_of_a_redress_measure(drafter, draft, typed, message):
    typed = {"code": "R2", "text": "x"} | typed
    response = fill(drafter, f"{LIBRARY}redress/new/", **typed)
    assert message in words(response)
    assert not RedressMeasure.objects.filter(edition=draft, code="R2").exists()


# --- indicators -------------------------------------------------------------------


def test_indicator_saved_as_it_is_keeps_its_definition(drafter, rule):
    before = rule.definition
    assert fill(drafter, address(rule)).status_code == 302
    rule.refresh_from_db()
    assert rule.definition == before
    assert (rule.stream.code, rule.calendar.code) == ("requests", "office")


def test_indicator_is_made_from_friendly_fields(drafter, draft, commitment):
    response = fill(
        drafter, f"{LIBRARY}commitments/{commitment.pk}/indicators/new/",
        code="IND-2", name="Temps mitjà", kind="mean_duration", unit="days",
        comparator="<=", target="3.5", period="quarter", stream="requests",
        calendar="office", start_types="opened, ", stop_types="closed",
        duration_unit="working_days", grace_days="10", minimum_sample="5",
    )  # fmt: skip
    assert response.status_code == 302
    made = IndicatorRule.objects.get(edition=draft, indicator__code="IND-2")
    assert made.definition == {
        "start": {"types": ["opened"]},
        "stop": {"types": ["closed"]},
        "unit": "working_days",
        "grace_days": 10,
        "minimum_sample": 5,
    }
    assert (str(made.target.normalize()), made.period) == ("3.5", "quarter")
    assert made.commitment == commitment


def test_friendly_field_is_written_into_the_definition(drafter, rule):
    fill(drafter, address(rule), limit_amount="7", limit_day_one="same", counted_in="")
    rule.refresh_from_db()
    assert rule.definition == {
        "start": {"types": ["opened"]},
        "stop": {"types": ["closed"]},
        "limit": {"amount": "7", "unit": "working_days", "day_one": "same"},
    }


def test_definition_is_the_whole_truth(drafter, rule):
    definition = rule.definition | {"withdrawn": ["withdrawn"]}
    fill(drafter, address(rule), definition=json.dumps(definition))
    rule.refresh_from_db()
    assert rule.definition == definition
    assert "withdrawn" in drafter.get(address(rule)).content.decode()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"stop_types": ""}, "Events that stop the clock – The rule cannot be measured: stop: missing."),
        ({"limit_amount": "2.5"}, "Limit – The rule cannot be measured: limit.amount:"),
        ({"definition": '{"limitz": 1}'}, "The rule cannot be measured: limitz: not a part of a rule."),
        ({"definition": "{"}, "Enter a valid JSON."),
        ({"definition": "[1]"}, "The definition is an object"),
        ({"comparator": ""}, "A target needs a comparison."),
        ({"minimum_sample": "-1"}, "Fewest cases for a verdict – Ensure"),
    ],
)  # fmt: skip
def test_faults_of_an_indicator_stand_at_their_field(drafter, rule, typed, message):
    before = rule.definition
    response = fill(drafter, address(rule), **typed)
    assert response.status_code == 200
    assert message in words(response)
    rule.refresh_from_db()
    assert rule.definition == before


def test_incomplete_indicator_may_wait_in_a_draft(drafter, draft, commitment):
    response = fill(
        drafter, f"{LIBRARY}commitments/{commitment.pk}/indicators/new/",
        code="IND-2", name="Més endavant", kind="share_within_limit",
    )  # fmt: skip
    assert response.status_code == 302
    assert "IND-2: Say how often the figure is due." in words(drafter.get(LIBRARY))


def test_indicator_cannot_take_a_code_in_use(drafter, town, draft, commitment):
    url = f"{LIBRARY}commitments/{commitment.pk}/indicators/new/"
    response = fill(drafter, url, code="IND-1", name="x", kind="nps")
    assert "Something else in this charter has this code." in words(response)
    builders.published(
        builders.charter_document(
            slug="archive", indicators=[builders.indicator("ARC-1")]
        ),
        of=town,
    )
    response = fill(drafter, url, code="ARC-1", name="x", kind="nps")
    assert "Another charter has an indicator with this code." in words(response)


def test_renamed_indicator_frees_a_code_that_was_never_measured(drafter, rule):
    fill(drafter, address(rule), code="IND-9")
    # The published edition still uses the first one.
    codes = set(Indicator.objects.values_list("code", flat=True))
    assert codes == {"IND-1", "IND-9"}
    fill(drafter, address(rule), code="IND-8")
    codes = set(Indicator.objects.values_list("code", flat=True))
    assert codes == {"IND-1", "IND-8"}


def test_indicator_is_deleted(drafter, draft, rule):
    url = address(rule, name="delete/")
    assert "Delete IND-1?" in words(drafter.get(url))
    assert fill(drafter, url).status_code == 302
    assert not IndicatorRule.objects.filter(edition=draft).exists()
    assert Indicator.objects.filter(code="IND-1").exists()


def test_stale_indicator_shows_both(drafter, rule):
    url = address(rule)
    mine = fields(drafter.get(url)) | {"target": "90"}
    fill(drafter, url, target="80", limit_amount="5")
    response = drafter.post(url, mine)
    assert response.status_code == 409
    page = words(response)
    assert "What is saved now 80" in page
    assert "What is saved now 5" in page
    drafter.post(url, fields(response))
    rule.refresh_from_db()
    assert rule.target == 90
    assert rule.definition["limit"]["amount"] == "10"


def test_indicator_of_a_deleted_commitment_keeps_the_words(drafter, commitment):
    url = f"{LIBRARY}commitments/{commitment.pk}/indicators/new/"
    mine = fields(drafter.get(url)) | {
        "code": "IND-2",
        "name": "Keep me",
        "kind": "nps",
    }
    fill(drafter, address(commitment, name="delete/"))
    response = drafter.post(url, mine)
    assert response.status_code == 409
    page = response.content.decode()
    assert "Keep me" in page
    assert "belongs to has been deleted" in words(response)
    assert ">Save" not in page
    assert drafter.get(url).status_code == 404


def test_indicator_page_lists_what_each_feed_declares(drafter, rule):
    assert "Requests (ca) : closed, opened (attributes: channel)" in words(
        drafter.get(address(rule))
    )
