"""Taking claims in and deciding them, exactly once."""

import random
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from core import codes
from core.models import AuditEntry
from feedback.enums import DECISIONS
from feedback.models import Claim
from feedback.queries.claims import by_code, inbox
from feedback.services.claims import (
    AlreadyDecidedError,
    NoPromiseError,
    decide,
    file_claim,
    promise_on,
)
from indicators.models import ServiceEvent
from indicators.services import figures
from tests import builders
from tests.indicators.helpers import at_once, line, utc

NOW = builders.NOW
WORDS = "I waited for a month"


def file(charter, **changes):
    return file_claim(
        **{
            "charter": charter.charter,
            "commitment_code": "C1",
            "facts_on": date(2026, 10, 1),
            "narrative": WORDS,
            "language": "es",
            "at": NOW,
        }
        | changes
    )


def successor(town, valid_from="2026-07-01"):
    document = builders.charter_document(
        valid_from=valid_from, valid_until="2028-07-01"
    )
    document["quality"]["commitments"][0]["text"] = {"ca": "Ara, en trenta dies"}
    return builders.published(document, of=town)


def test_a_claim_starts_its_clock(charter):
    claim = file(charter, email="a@b.org", wish="An apology", case_key="2026/1").claim
    assert (claim.state, claim.received_at) == ("received", NOW)
    # Fifteen working days after Monday 2 November: Monday 23, to its last instant.
    assert claim.due_at == utc(2026, 11, 23, 23)
    assert claim.edition == charter
    assert (claim.email, claim.wish, claim.case_key) == (
        "a@b.org",
        "An apology",
        "2026/1",
    )
    assert claim.reference.startswith("2026-")


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"claim_term": {}}, None),
        ({"claim_term": {"amount": "1", "unit": "months"}}, utc(2026, 12, 2, 23)),
        (
            {"claim_term": {"amount": "10", "unit": "calendar_days"}},
            utc(2026, 11, 12, 23),
        ),
        ({"claim_calendar": "unheard"}, None),
        ({"claim_term": {"amount": "9900", "unit": "working_days"}}, None),
        ({"claim_term": {"amount": "x", "unit": "working_days"}}, None),
    ],
    ids=str,
)
def test_a_deadline_that_cannot_be_told_is_not_invented(charter, town, changes, due):
    for name, value in changes.items():
        setattr(town, name, value)
    town.save()
    assert file(charter).claim.due_at == due


def test_a_code_has_a_hundred_bits_and_only_its_hash_is_kept(charter):
    filed = file(charter)
    letters = filed.code.replace("-", "")
    assert len(letters) == 20
    assert set(letters) <= set(codes.ALPHABET)
    assert len(set(codes.ALPHABET)) == 32  # 20 letters of 5 bits
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(c)::text FROM feedback_claim c")
        row = cursor.fetchone()[0]
    assert filed.code not in row
    assert letters not in row
    assert filed.claim.code_digest in row
    assert len({codes.new_code() for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize("seed", range(5))
def test_a_code_opens_its_claim_however_it_was_typed(charter, seed):
    filed = file(charter)
    dice = random.Random(seed)
    typed = (
        filed.code.lower()
        .replace("0", dice.choice("oO"))
        .replace("1", dice.choice("iIlL"))
    )
    typed = f" {typed} ".replace("-", dice.choice(["", " ", "-", " - ", "\t"]))
    assert by_code(typed) == filed.claim
    assert by_code(filed.claim.reference) is None
    assert by_code("") is None
    assert by_code(filed.code[:-1]) is None


def test_a_form_sent_twice_files_one_claim_and_gives_its_code_again(charter):
    key = codes.new_form_key()
    first, again = (
        file(charter, form_key=key),
        file(charter, form_key=key, narrative="2"),
    )
    assert (first.repeated, again.repeated) == (False, True)
    assert (first.claim, first.code) == (again.claim, again.code)
    assert Claim.objects.get().narrative == WORDS
    assert file(charter, form_key=codes.new_form_key()).claim != first.claim
    assert ServiceEvent.objects.count() == 2


def test_the_promise_in_force_on_the_day_of_the_facts_judges(charter, town):
    new = successor(town)
    assert file(charter, facts_on=date(2026, 6, 30)).claim.edition == charter
    assert file(charter, facts_on=date(2026, 7, 1)).claim.edition == new
    old = promise_on(
        charter=charter.charter, commitment_code="C1", day=date(2026, 6, 30)
    )
    assert old.text["ca"] == "We answer within ten working days (ca)"


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("C1", date(2025, 12, 31)),
        ("C1", date(2028, 1, 1)),
        ("C9", date(2026, 6, 1)),
        ("", date(2026, 6, 1)),
    ],
)
def test_where_nothing_was_promised_there_is_no_claim(charter, code, day):
    with pytest.raises(NoPromiseError):
        file(charter, commitment_code=code, facts_on=day)
    assert not Claim.objects.exists()
    assert not ServiceEvent.objects.exists()


def test_a_draft_promises_nothing(town):
    draft = builders.draft(builders.charter_document(), of=town)
    with pytest.raises(NoPromiseError):
        file(draft)


@pytest.fixture
def handler(town):
    return builders.person("CLAIM_HANDLER", of=town)


@pytest.fixture
def answer(handler):
    def do(
        claim, outcome="upheld", words=" We are sorry. ", at=NOW + timedelta(days=1)
    ):
        return decide(claim=claim, outcome=outcome, answer=words, by=handler, at=at)

    return do


@pytest.mark.parametrize("outcome", DECISIONS)
def test_a_decision_is_an_outcome_with_words(charter, handler, answer, outcome):
    claim = answer(file(charter).claim, outcome)
    assert (claim.state, claim.answer, claim.decided_by) == (
        outcome,
        "We are sorry.",
        handler,
    )
    entry = AuditEntry.objects.get(verb="feedback.decide")
    assert (entry.actor_id, entry.subject) == (handler.pk, claim.reference)
    assert entry.details == {"outcome": outcome}


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("received", "x"), ("", "x"), ("maybe", "x"), ("upheld", ""), ("upheld", " \n")],
)
def test_what_is_no_decision_is_refused(charter, answer, outcome, words):
    claim = file(charter).claim
    with pytest.raises(ValueError, match="an outcome with words"):
        answer(claim, outcome, words)
    claim.refresh_from_db()
    assert claim.state == "received"


def test_a_claim_is_decided_once(charter, answer):
    claim = file(charter).claim
    answer(claim)
    with pytest.raises(AlreadyDecidedError):
        answer(claim, "rejected")
    claim.refresh_from_db()
    assert claim.state == "upheld"
    assert ServiceEvent.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_handlers_who_decide_at_once_one_wins(town, handler, monkeypatch):
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)
    claim = file(builders.published(builders.charter_document(), of=town)).claim

    def attempt(outcome):
        try:
            decide(
                claim=Claim.objects.get(pk=claim.pk),
                outcome=outcome,
                answer=outcome,
                by=handler,
                at=NOW,
            )
        except AlreadyDecidedError:
            return "late"
        return outcome

    found = at_once(attempt, DECISIONS)
    assert found.count("late") == len(DECISIONS) - 1
    claim.refresh_from_db()
    assert claim.state == claim.answer
    assert claim.state in found
    assert AuditEntry.objects.filter(verb="feedback.decide").count() == 1


def test_our_own_handling_is_in_the_log_without_a_word_of_the_claim(charter, answer):
    claim = file(charter, email="a@b.org", case_key="2026/1").claim
    answer(claim)
    events = ServiceEvent.objects.order_by("occurred_at")
    assert [(e.type, e.occurred_at) for e in events] == [
        ("claim_received", NOW),
        ("claim_answered", NOW + timedelta(days=1)),
    ]
    assert {e.case_key for e in events} == {claim.reference}
    assert {e.stream.code for e in events} == {"reclamacions"}
    assert [e.attributes for e in events] == [{"charter": "library"}] * 2


def test_answering_in_time_is_measured_like_any_other_promise(town, handler):
    item = builders.indicator(stream="reclamacions")
    item["rule"] |= {
        "start": {"types": ["claim_received"]},
        "stop": {"types": ["claim_answered"]},
    }
    document = builders.charter_document(indicators=[item])
    document["streams"][0] |= {
        "code": "reclamacions",
        "types": ["claim_answered", "claim_received"],
    }
    charter = builders.published(document, of=town)
    claim = file(charter, at=utc(2026, 10, 1, 9), facts_on=date(2026, 9, 1)).claim
    decide(
        claim=claim, outcome="upheld", answer="x", by=handler, at=utc(2026, 10, 5, 9)
    )
    figures.refresh(at=NOW)
    assert (line("2026-10-01").met, line("2026-10-01").missed) == (1, 0)


def test_the_inbox_has_the_most_urgent_on_top(charter, town, answer):
    late = file(charter, at=NOW - timedelta(days=9)).claim
    done = answer(file(charter, at=NOW - timedelta(days=20)).claim)
    new = file(charter).claim
    town.claim_term = {}
    town.save()
    charter.charter.refresh_from_db()
    undated = file(charter).claim
    assert list(inbox(organisation=town)) == [late, new, undated]
    assert list(inbox(organisation=town, open_only=False)) == [done]
    assert list(inbox(organisation=builders.organisation("other"))) == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"narrative": ""}, "claim_says_what_happened"),
        ({"language": "fr"}, "claim_language_known"),
        ({"state": "upheld"}, "claim_decided_whole"),
        ({"state": "upheld", "answer": "x", "decided_at": NOW}, "claim_decided_whole"),
        (
            {"state": "upheld", "answer": "x", "decided_by": "handler"},
            "claim_decided_whole",
        ),
        (
            {"state": "upheld", "decided_at": NOW, "decided_by": "handler"},
            "claim_decided_whole",
        ),
        (
            {
                "state": "upheld",
                "answer": "x",
                "decided_at": NOW - timedelta(microseconds=1),
                "decided_by": "handler",
            },
            "claim_decided_whole",
        ),
        ({"answer": "x"}, "claim_decided_whole"),
        ({"state": "lost"}, "claim_decided_whole"),
    ],
    ids=str,
)
def test_the_claim_has_its_constraints(charter, handler, changes, name):
    claim = file(charter).claim
    fields = {k: handler if v == "handler" else v for k, v in changes.items()}
    with pytest.raises(IntegrityError, match=name):
        Claim.objects.filter(pk=claim.pk).update(**fields)


def test_reference_and_code_are_used_once(charter):
    one, two = file(charter).claim, file(charter).claim
    for field, name in (
        ("reference", "claim_reference_once"),
        ("code_digest", "code_digest"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Claim.objects.filter(pk=two.pk).update(**{field: getattr(one, field)})
