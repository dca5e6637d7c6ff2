"""Case numbers that nobody can read back, and that everybody who has one still finds."""

import hmac
import random
import re
from datetime import date

import pytest
from django.core.files.base import ContentFile
from hypothesis import given, strategies as st

from feedback.services.claims import file_claim
from indicators.models import CaseFact, ServiceEvent, Stream
from indicators.queries.explaining import explained
from indicators.queries.history import case_history, reasons_of
from indicators.queries.pseudonyms import (
    LENGTH,
    UnknownSecretError,
    _keyed,
    case_key_of,
    newest_secret,
    pseudonyms_of,
)
from indicators.queries.results import events_of_case, facts_of_case
from indicators.services import figures, uploads
from indicators.services.corrections import (
    RefusedError,
    Right,
    UnchangedError,
    correct,
    hand_id,
    void,
)
from indicators.services.exports import export_file
from indicators.services.files import import_file
from indicators.services.intake import record
from indicators.services.personal import kind_of_key
from indicators.services.streams import NotEmptyError, StreamChange, save_stream
from indicators.services.verification import verify
from tests import builders
from tests.builders import NOW
from tests.indicators.helpers import (
    at_once,
    counts,
    event,
    line,
    request,
    send,
    utc,
)
from web.presenters.handling import case_view

FORM = re.compile(r"~[a-z2-7]{24}\Z")


def change_of(stream, **changes):
    return StreamChange(
        **(
            {
                "name": stream.name,
                "time_zone": stream.time_zone,
                "types": stream.types,
                "attributes": stream.attributes,
                "expected_gap_days": stream.expected_gap_days,
                "expected_week_events": stream.expected_week_events,
                "expected_delay_hours": stream.expected_delay_hours,
                "calendar": stream.calendar,
                "pseudonymous": bool(stream.case_secret),
            }
            | changes
        )
    )


@pytest.fixture
def steward(town):
    return builders.person("DATA_STEWARD", of=town)


def hide(stream, steward, *, pseudonymous=True):
    return save_stream(
        stream=stream,
        revision=stream.revision,
        change=change_of(stream, pseudonymous=pseudonymous),
        by=steward,
        at=NOW,
    )


@pytest.fixture
def stream(charter, steward):
    return hide(Stream.objects.get(code="requests"), steward)


def stored(stream, id_):
    found = ServiceEvent.objects.select_related("stream")
    return found.get(external_id=case_key_of(stream, id_))


def keys():
    return sorted(set(ServiceEvent.objects.values_list("case_key", flat=True)))


def test_the_log_never_has_the_number(stream):
    send(*request("2026/123", "2026-03-02", "2026-03-03"), stream=stream)
    (key,) = keys()
    assert FORM.match(key)
    assert len(key) == LENGTH
    figures.refresh(at=NOW)
    assert counts(line("2026-03-01")) == (1, 1, 0, 0)
    assert list(verify(at=NOW)) == []


def test_the_same_again_is_a_replay_and_other_content_a_conflict(stream):
    first = event("E-1", "2026/123")
    assert send(first, stream=stream).recorded == 1
    assert send(first, stream=stream).replayed == 1
    assert send(event("E-1", case_key_of(stream, "2026/123")), stream=stream).replayed
    (refused,) = send(event("E-1", "2026/124"), stream=stream).refused
    assert refused.code == "conflict"


def test_events_still_replace_by_their_own_names(stream):
    """Also one that was made of the number of another case."""
    send(event("2026/123/o", "2026/123"), stream=stream)
    fix = event("2026/124/o", "2026/124", replaces="2026/123/o")
    assert send(fix, stream=stream).recorded == 1
    assert send(fix, stream=stream).replayed == 1
    stored = ServiceEvent.objects.values_list("external_id", "case_key", "replaces")
    assert not re.search("2026", str(list(stored)))


def test_what_is_refused_is_called_as_its_sender_calls_it(stream):
    send(event("E-1", "2026/123"), stream=stream)
    receipt = send(event("E-1", "2026/9"), event("E-2", replaces="E-7"), stream=stream)
    assert [refusal.id for refusal in receipt.refused] == ["E-1", "E-2"]
    assert "'E-7'" in receipt.refused[1].detail


def test_a_number_and_its_pseudonym_find_the_case(stream, town):
    send(*request("2026/123", "2026-03-02", "2026-03-03"), stream=stream)
    figures.refresh(at=NOW)
    indicator = town.indicators.get()
    for name in ("2026/123", case_key_of(stream, "2026/123")):
        assert len(explained(indicator, name, as_of=NOW)) == 1
        assert events_of_case(stream=stream, case_key=name).count() == 2
        facts = facts_of_case(
            organisation=town, indicators=[indicator.pk], case_key=name
        )
        assert facts.count() == 1
    assert explained(indicator, "2026/124", as_of=NOW) == []


def test_a_claim_finds_the_case_that_it_names(stream, charter):
    send(*request("2026/123", "2026-10-01", "2026-10-30"), stream=stream)
    figures.refresh(at=NOW)
    claim = file_claim(
        charter=charter.charter,
        commitment_code="C1",
        facts_on=date(2026, 10, 20),
        narrative="x",
        language="ca",
        case_key="2026/123",
        at=NOW,
    ).claim
    view = case_view(claim, language="ca", now=NOW)
    assert [item.type for item in view.events] == ["opened", "closed"]
    assert len(view.findings) == 1
    assert view.findings[0].tone != "quiet"


def test_every_organisation_has_pseudonyms_of_its_own(stream):
    other = builders.organisation("altra")
    theirs = Stream(organisation=other, case_secret=stream.case_secret)
    assert case_key_of(theirs, "2026/123") != case_key_of(stream, "2026/123")
    own = case_key_of(theirs, "2026/123")
    assert case_key_of(stream, own) != own  # to us that is any case number


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_the_hash_is_the_one_of_the_standard(key, message):
    assert _keyed(key)(message) == hmac.digest(key, message, "sha256")


@given(st.text(min_size=1, max_size=200))
def test_a_pseudonym_of_a_pseudonym_is_itself(case):
    hidden = pseudonyms_of(Stream(organisation_id=1, case_secret=newest_secret()))
    once = hidden(case)
    assert FORM.match(once)
    assert hidden(once) == once
    assert hidden(once.upper()) != once.upper()


def test_numbers_that_differ_have_pseudonyms_that_differ():
    hidden = pseudonyms_of(Stream(organisation_id=1, case_secret=newest_secret()))
    assert len({hidden(f"2026/{number}") for number in range(20_000)}) == 20_000


def test_no_pseudonym_looks_like_personal_data():
    hidden = pseudonyms_of(Stream(organisation_id=1, case_secret=newest_secret()))
    dice = random.Random(1)
    some = (hidden(str(dice.random())) for _ in range(20_000))
    assert [key for key in some if kind_of_key(key)] == []


def test_a_number_that_looks_like_personal_data_is_refused_as_ever(stream):
    """It could be guessed: there are not many of them."""
    (refused,) = send(event("E-1", "12345678Z"), stream=stream).refused
    assert refused.code == "personal_data"


@pytest.mark.parametrize("name", ["events.csv", "events.ndjson", "events.xes"])
def test_what_was_exported_is_imported_as_it_was(stream, tmp_path, name):
    send(*request("2026/123", "2026-03-02", "2026-03-03"), stream=stream)
    path = tmp_path / name
    export_file(stream=stream, path=path)
    assert "2026/123" not in path.read_text()
    receipt = import_file(stream=stream, path=path, mapping=None, at=NOW)
    assert (receipt.replayed, receipt.recorded, receipt.refused) == (2, 0, [])


# --- corrections by hand -------------------------------------------------------------


def test_a_hand_corrects_what_has_a_pseudonym(stream, steward):
    send(*request("2026/123", "2026-01-12", "2026-03-20"), stream=stream)
    wrong = stored(stream, "2026/123/c")
    better = Right(wrong.case_key, "closed", utc(2026, 1, 13, 9), None, {})
    made = correct(event=wrong, right=better, reason="Late", by=steward, at=NOW)
    assert (made.case_key, made.replaces) == (wrong.case_key, wrong.external_id)
    assert made.external_id == case_key_of(stream, hand_id(wrong.external_id))
    again = correct(event=wrong, right=better, reason="Late", by=steward, at=NOW)
    assert again == made
    assert reasons_of(stream, [made])[made.external_id].details["reason"] == "Late"
    figures.refresh(at=NOW)
    assert counts(line("2026-01-01")) == (1, 1, 0, 0)
    assert list(verify(at=NOW)) == []


def test_a_hand_voids_what_has_a_pseudonym(stream, steward):
    send(*request("2026/123", "2026-01-12"), stream=stream)
    wrong = stored(stream, "2026/123/o")
    made = void(event=wrong, reason="A test", by=steward, at=NOW)
    assert (made.case_key, made.replaces) == (wrong.case_key, wrong.external_id)
    figures.refresh(at=NOW)
    assert not CaseFact.objects.exists()
    assert list(verify(at=NOW)) == []


def test_a_hand_may_name_a_case_by_its_number(stream, steward):
    send(event("E-1", "2026/123"), stream=stream)
    wrong = stored(stream, "E-1")

    def case(number):
        right = Right(number, "opened", wrong.occurred_at, None, {})
        return correct(event=wrong, right=right, reason="x", by=steward, at=NOW)

    with pytest.raises(UnchangedError):
        case("2026/123")
    with pytest.raises(RefusedError, match="personal data"):
        case("12345678Z")
    assert case("2026/124").case_key == case_key_of(stream, "2026/124")


def test_an_auditor_finds_the_history_of_a_case_by_its_number(stream):
    send(event("E-1", "2026/123"), stream=stream)
    for name in ("2026/123", case_key_of(stream, "2026/123")):
        assert len(case_history(stream, name)) == 1


# --- on and off ---------------------------------------------------------------------


def test_it_is_chosen_before_the_first_event_only(charter, steward):
    stream = Stream.objects.get(code="requests")
    send(event("E-1", "2026/123"), stream=stream)
    with pytest.raises(NotEmptyError):
        hide(stream, steward)
    assert Stream.objects.get(pk=stream.pk).case_secret == ""


def test_it_is_not_taken_back_once_there_are_events(stream, steward):
    assert hide(stream, steward, pseudonymous=False).case_secret == ""
    stream = hide(Stream.objects.get(pk=stream.pk), steward)
    send(event("E-1", "2026/123"), stream=stream)
    with pytest.raises(NotEmptyError):
        hide(stream, steward, pseudonymous=False)


def test_a_batch_that_was_read_before_is_read_again(charter, steward):
    before = Stream.objects.get(code="requests")
    hide(Stream.objects.get(pk=before.pk), steward)
    assert send(event("E-1", "2026/123"), stream=before).recorded == 1
    assert FORM.match(keys()[0])


@pytest.mark.django_db(transaction=True)
def test_whoever_writes_while_it_is_chosen_never_leaves_a_number(charter, steward):
    stream = Stream.objects.get(code="requests")

    def write(number):
        own = Stream.objects.get(pk=stream.pk)
        if number == 3:
            try:
                hide(own, steward)
            except NotEmptyError:
                return False
            return True
        lines = [(1, event(f"E-{number}", f"2026/{number}"))]
        record(stream=own, lines=lines, at=NOW)
        return None

    chosen = next(
        found for found in at_once(write, list(range(8))) if found is not None
    )
    assert len(keys()) == 7
    assert {bool(FORM.match(key)) for key in keys()} == {chosen}


# --- secrets ------------------------------------------------------------------------


def test_a_stream_keeps_the_secret_with_which_it_began(stream, settings):
    old = settings.CASE_SECRETS
    before = case_key_of(stream, "2026/123")
    settings.CASE_SECRETS = ["a new one", *old]
    assert case_key_of(stream, "2026/123") == before
    assert newest_secret() != stream.case_secret
    younger = Stream(
        organisation_id=stream.organisation_id, case_secret=newest_secret()
    )
    assert case_key_of(younger, "2026/123") != before


def test_without_its_secret_a_stream_takes_nothing(stream):
    stream.case_secret = "0" * 16
    stream.save()
    with pytest.raises(UnknownSecretError, match="CASE_SECRETS lacks"):
        send(event("E-1", "2026/123"), stream=stream)
    assert not ServiceEvent.objects.exists()


def test_without_its_secret_a_stream_is_asked_by_pseudonyms_and_others_by_numbers(
    stream, town
):
    """A rule may read several streams: one without its secret silences no other."""
    document = builders.charter_document(
        slug="two", indicators=[builders.indicator("IND-2", stream="others")]
    )
    document["streams"][0]["code"] = "others"
    builders.published(document, of=town)
    other = Stream.objects.get(code="others")
    for each in (stream, other):
        send(*request("2026/123", "2026-03-02", "2026-03-03"), stream=each)
    figures.refresh(at=NOW)
    pseudonym = case_key_of(stream, "2026/123")
    Stream.objects.filter(pk=stream.pk).update(case_secret="0" * 16)
    stream.refresh_from_db()

    def found(name):
        facts = facts_of_case(
            organisation=town,
            indicators=town.indicators.values_list("pk", flat=True),
            case_key=name,
        )
        told = [
            item.stream.code
            for indicator in town.indicators.order_by("code")
            for item in explained(indicator, name, as_of=NOW)
        ]
        return [fact.indicator.code for fact in facts], told

    assert found("2026/123") == (["IND-2"], ["others"])
    assert found(pseudonym) == (["IND-1"], ["requests"])
    assert not events_of_case(stream=stream, case_key="2026/123").exists()
    assert events_of_case(stream=stream, case_key=pseudonym).count() == 2


def test_the_name_of_a_secret_does_not_tell_it(settings):
    assert newest_secret() not in settings.CASE_SECRETS[0]
    assert len(newest_secret()) == 16


# --- files that people give -------------------------------------------------------

FILE = """{"id":"2026/1/o","case":"2026/1","type":"opened","at":"2026-03-02T10:00:00Z"}
{"id":"2026/1/o","case":"2026/1","type":"closed","at":"2026-03-02T10:00:00Z"}
{"id":"2026/2/x","case":"2026/2","type":"closed","at":"2026-03-02T10:00:00Z","replaces":"2026/2/o"}
{"id":"2026/3/o","case":"2026/3","type":"opened","at":"2026/3"}
{"id":"2026/4/o","case":"2026/4","type":"it's 2026/4","at":"2026-03-02T10:00:00Z"}
{"id":"\\ud800 2026/5","case":"2026/5","type":"opened"}
"""


def test_no_number_is_kept_of_the_lines_that_a_file_was_refused(
    stream, steward, settings, tmp_path, monkeypatch
):
    settings.UPLOADS_ROOT = tmp_path
    monkeypatch.setattr(uploads, "enqueue_on_commit", lambda *_a, **_k: None)
    file = uploads.receive_file(
        stream=stream,
        name="f.ndjson",
        content=ContentFile(FILE.encode()),
        by=steward,
        at=NOW,
    )
    uploads.order_rehearsal(file=file, mapping=None, at=NOW)
    uploads.take_up(file_id=file.pk, at=NOW)
    kept = list(file.refusals.order_by("line").values_list("external_id", "detail"))
    file.refresh_from_db()
    assert (file.state, len(kept)) == ("checked", 5)
    assert "2026/" not in str(kept) + str(file.rehearsed)
    assert kept[0][0] == case_key_of(stream, "2026/1/o")
    assert kept[1][1] == "there is no event … to replace"
    assert kept[3][1] == "stream requests declares no type …"
    assert kept[4][1].startswith("'id' must be a text")
    assert all(FORM.match(name) for name, _detail in kept)
