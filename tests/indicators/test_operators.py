"""Keys of concessionaires: what is sent with one is of its operator, and only that."""

import pytest
from django.core.management import CommandError, call_command

from engine.rules import Rule
from indicators.models import ServiceEvent, Stream, StreamToken
from indicators.services import figures
from indicators.services.corrections import (
    Right,
    UnchangedError,
    correct,
    hand_id,
    void,
)
from indicators.services.intake import record
from indicators.services.streams import (
    OperatorError,
    issue_token,
    rotate_token,
    use_token,
)
from indicators.services.verification import verify
from tests import builders
from tests.builders import NOW
from tests.indicators.helpers import at_once, counts, event, line, request

A, B = "Neteja Alfa", "Neteja Beta"


@pytest.fixture
def stream(town):
    item = builders.indicator()
    item["rule"] |= {"segment_by": "operator"}
    builders.published(
        builders.charter_document(
            indicators=[item], attributes=("channel", "operator")
        ),
        of=town,
    )
    found = Stream.objects.get(code="requests")
    issue_token(stream=found, label="alfa", operator=A, at=NOW)
    issue_token(stream=found, label="beta", operator=B, at=NOW)
    found.refresh_from_db()
    return found


def sent(stream, operator, *events):
    return record(
        stream=stream, lines=list(enumerate(events, 1)), at=NOW, operator=operator
    )


def codes(receipt):
    return [refusal.code for refusal in receipt.refused]


def operators():
    rows = ServiceEvent.objects.order_by("external_id")
    return dict(rows.values_list("external_id", "attributes__operator"))


def test_what_is_sent_with_a_key_is_of_its_operator(stream):
    key = issue_token(stream=stream, label="alfa van", operator=A, at=NOW)
    sender = use_token(stream=stream, key=key, at=NOW)
    assert sender.operator == A
    receipt = sent(
        stream,
        sender.operator,
        event("E-1"),
        event("E-2", attributes={"channel": "web"}),
        event("E-3", attributes={"operator": A}),
        event("E-4", attributes=None),
    )
    assert receipt.recorded == 4
    assert operators() == dict.fromkeys(["E-1", "E-2", "E-3", "E-4"], A)


def test_the_same_again_is_a_replay_with_and_without_the_word(stream):
    sent(stream, A, event("E-1"))
    assert sent(stream, A, event("E-1", attributes={"operator": A})).replayed == 1


@pytest.mark.parametrize("sender", [A, ""])
@pytest.mark.parametrize("told", [B, "", 7])
def test_nobody_can_send_in_the_name_of_another(stream, sender, told):
    receipt = sent(
        stream, sender, event("E-1", attributes={"operator": told}), event("E-2", "c2")
    )
    if told == sender:
        assert receipt.recorded == 2
        return
    assert codes(receipt) == ["other_operator"]
    assert (receipt.recorded, operators()) == (1, {"E-2": sender or None})


def test_the_organisation_itself_may_say_whose_an_event_is(stream):
    assert sent(stream, None, event("E-1", attributes={"operator": B})).recorded == 1
    assert operators() == {"E-1": B}


@pytest.mark.parametrize("other", [B, ""])
def test_a_key_replaces_only_what_its_operator_sent(stream, other):
    sent(stream, A, event("E-1"))
    fix = event("E-2", type="closed", replaces="E-1")
    assert codes(sent(stream, other, fix)) == ["other_operator"]
    assert sent(stream, A, fix).recorded == 1


def test_an_operator_does_not_replace_what_is_nobodys(stream):
    sent(stream, "", event("E-1"))
    assert codes(sent(stream, A, event("E-2", replaces="E-1"))) == ["other_operator"]
    assert sent(stream, None, event("E-2", replaces="E-1")).recorded == 1


def test_in_one_batch_an_operator_corrects_itself(stream):
    receipt = sent(stream, A, event("E-1"), event("E-2", replaces="E-1"))
    assert receipt.recorded == 2


def test_one_name_of_two_operators_is_a_conflict(stream):
    sent(stream, A, event("E-1"))
    assert codes(sent(stream, B, event("E-1", "c9"))) == ["conflict"]


def test_a_case_is_of_the_operator_who_has_events_of_it(stream):
    """Else one could close, or keep open, what another answers for."""
    sent(stream, "", event("E-1", "ours"))
    assert sent(stream, A, event("E-2", "ours", type="closed")).recorded == 1
    receipt = sent(stream, B, event("E-3", "ours"), event("E-4", "new"))
    assert codes(receipt) == ["other_operator"]
    assert receipt.recorded == 1
    assert sent(stream, "", event("E-5", "ours")).recorded == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_that_begin_one_case_at_once_one_has_it(stream):
    def race(number):
        operator = (A, B)[number % 2]
        return sent(
            Stream.objects.get(pk=stream.pk), operator, event(f"E-{number}", "same")
        ).recorded

    recorded = at_once(race, list(range(8)))
    assert sum(recorded) == 4
    assert len(set(operators().values())) == 1


def test_figures_are_given_for_each_operator(stream):
    for operator, case, closed in (
        (A, "a1", "2026-03-03"),
        (A, "a2", "2026-03-30"),
        (B, "b1", "2026-03-03"),
    ):
        assert not sent(stream, operator, *request(case, "2026-03-02", closed)).refused
    figures.refresh(at=NOW)
    assert counts(line("2026-03-01")) == (3, 2, 1, 0)
    assert counts(line("2026-03-01", segment=A)) == (2, 1, 1, 0)
    assert counts(line("2026-03-01", segment=B)) == (1, 1, 0, 0)
    assert line("2026-03-01", segment=B).status == "met"
    assert list(verify(at=NOW)) == []


def test_a_rule_may_part_its_cases_by_operator(stream):
    rule = stream.indicator_rules.get()
    read = Rule.from_definition(
        rule.kind, rule.definition, comparator=">=", target=rule.target
    )
    assert "operator" in read.attributes()


# --- corrections by hand -------------------------------------------------------------


def by_hand(found, **changes):
    said = {"type": "opened", "at": found.occurred_at, "attributes": found.attributes}
    return Right(case=found.case_key, value=None, **(said | changes))


def test_what_a_hand_corrects_stays_its_operators(stream, town):
    steward = builders.person("DATA_STEWARD", of=town)
    sent(stream, A, event("E-1", attributes={"channel": "web"}), event("E-2", "c2"))
    for id_, attributes in (("E-1", {"channel": "web"}), ("E-2", {"operator": B})):
        found = ServiceEvent.objects.get(external_id=id_)
        right = by_hand(found, type="closed", attributes=attributes)
        correct(event=found, right=right, reason="x", by=steward, at=NOW)
    assert operators() == {
        "E-1": A,
        "E-2": A,
        hand_id("E-1"): A,
        hand_id("E-2"): B,  # the organisation says whose it is
    }
    (made,) = ServiceEvent.objects.filter(replaces="E-1")
    assert made.attributes == {"channel": "web", "operator": A}
    with pytest.raises(UnchangedError):
        correct(
            event=made,
            right=by_hand(made, type="closed", attributes={"channel": "web"}),
            reason="x",
            by=steward,
            at=NOW,
        )
    assert list(verify(at=NOW)) == []


def test_what_a_hand_voids_stays_its_operators(stream, town):
    """So the operator may take it back, and nobody else's key can."""
    steward = builders.person("DATA_STEWARD", of=town)
    sent(stream, A, event("E-1"))
    found = ServiceEvent.objects.get(external_id="E-1")
    made = void(event=found, reason="x", by=steward, at=NOW)
    assert made.attributes == {"operator": A}
    again = event("E-2", replaces=made.external_id)
    assert codes(sent(stream, B, again)) == ["other_operator"]
    assert sent(stream, A, again).recorded == 1


def test_what_is_nobodys_stays_nobodys(stream, town):
    steward = builders.person("DATA_STEWARD", of=town)
    sent(stream, "", event("E-1"))
    found = ServiceEvent.objects.get(external_id="E-1")
    made = void(event=found, reason="x", by=steward, at=NOW)
    assert made.attributes == {}


# --- keys ---------------------------------------------------------------------------


def test_the_first_operator_makes_the_stream_declare_the_attribute(charter):
    stream = Stream.objects.get(code="requests")
    issue_token(stream=stream, label="own", at=NOW)
    stream.refresh_from_db()
    assert (stream.by_operator, stream.attributes) == (False, ["channel"])
    issue_token(stream=stream, label="alfa", operator=A, at=NOW)
    stream.refresh_from_db()
    assert (stream.by_operator, stream.attributes) == (True, ["channel", "operator"])


def test_a_batch_that_was_read_before_is_read_again(charter):
    """The sender may not slip through while the stream becomes one of operators."""
    stream = Stream.objects.get(code="requests")
    issue_token(stream=Stream.objects.get(pk=stream.pk), label="a", operator=A, at=NOW)
    assert not stream.by_operator
    assert sent(stream, A, event("E-1")).recorded == 1
    assert operators() == {"E-1": A}


def test_an_attribute_that_senders_wrote_is_not_taken_over(town):
    builders.published(builders.charter_document(attributes=("operator",)), of=town)
    stream = Stream.objects.get(code="requests")
    assert sent(stream, "", event("E-1", attributes={"operator": "x"})).recorded == 1
    with pytest.raises(OperatorError, match="have written"):
        issue_token(stream=stream, label="alfa", operator=A, at=NOW)
    assert not StreamToken.objects.exists()


def test_a_label_is_of_one_operator(stream):
    with pytest.raises(OperatorError, match="another operator"):
        issue_token(stream=stream, label="alfa", operator=B, at=NOW)
    with pytest.raises(OperatorError, match="another operator"):
        issue_token(stream=stream, label="alfa", at=NOW)


def test_a_key_that_replaces_another_is_of_the_same_operator(stream):
    key, _until = rotate_token(stream=stream, label="alfa", at=NOW, overlap=NOW - NOW)
    assert use_token(stream=stream, key=key, at=NOW).operator == A


def test_commands_issue_and_list_keys_of_operators(stream, capsys):
    call_command("issue_token", "vila/requests", label="gamma", operator="Gamma")
    assert StreamToken.objects.get(label="gamma").operator == "Gamma"
    call_command("tokens", "vila/requests", operator="Gamma")
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 3  # the key, the head, the row
    assert out[2].split()[:3] == ["vila/requests", "gamma", "Gamma"]
    with pytest.raises(CommandError, match="another operator"):
        call_command("issue_token", "vila/requests", label="gamma", operator="x")
    with pytest.raises(CommandError, match="at most 80"):
        call_command("issue_token", "vila/requests", label="z", operator="x" * 81)
