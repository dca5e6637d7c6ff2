"""The moment at which words become a promise."""

import copy
import hashlib
import json
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from charters.enums import EditionState, EndReason, Standing, StepKind
from charters.models import CatalogueEntry, Charter, Edition, Step
from charters.queries.editions import in_force_of, shown_of
from charters.rules import standing
from charters.services.publication import (
    Evidence,
    PublicationRefusedError,
    canonical,
    problems_of,
    publish,
)
from core.models import AuditEntry
from tests import builders
from tests.indicators.helpers import at_once

NOW = builders.NOW


def bring_out(edition, **options):
    return publish(
        **{"edition": edition, "by": None, "at": NOW, "evidence": Evidence()} | options
    )


def successor(town, valid_from="2027-01-01", valid_until="2029-01-01"):
    return builders.draft(
        builders.charter_document(valid_from=valid_from, valid_until=valid_until),
        of=town,
    )


def subjects(edition):
    return [(problem.section, problem.subject) for problem in problems_of(edition)]


MISSING = [
    (("edition", "valid_from"), None, ("edition", "valid_from")),
    (("edition", "valid_until"), None, ("edition", "valid_from")),
    (("edition", "valid_until"), "2026-12-31", ("edition", "valid_until")),
    (("edition", "valid_until"), "2029-01-02", ("edition", "valid_until")),
    (("edition", "title"), {"es": "Sólo en castellano"}, ("edition", "title")),
    (("general", "aims"), {}, ("general", "aims")),
    (("general", "aims"), {"es": "sólo"}, ("general", "aims")),
    (("general", "responsible"), {}, ("general", "responsible")),
    (("general", "rights"), {}, ("general", "rights")),
    (("general", "participation"), {}, ("general", "participation")),
    (("general", "norms"), [], ("general", "norms")),
    (("general", "complaints"), {}, ("general", "complaints")),
    (("redress", "how_to_claim"), {}, ("redress", "how_to_claim")),
    (("redress", "effects"), {}, ("redress", "effects")),
    (("redress", "measures"), [], ("redress", "measures")),
    (("assurance", "measures"), [], ("assurance", "measures")),
    (("complementary", "responsible_unit"), {}, ("complementary", "responsible_unit")),
    (("complementary", "address"), {}, ("complementary", "address")),
    (("complementary", "hours"), {}, ("complementary", "hours")),
    (("quality", "commitments", 0, "text"), {"es": "sólo"}, ("quality", "C1")),
    (("quality", "commitments", 0, "indicators"), [], ("quality", "C1")),
    (("quality", "commitments", 0, "service"), "", ("general", "services.S1")),
    (
        ("quality", "commitments", 0, "indicators", 0, "kind"),
        "milestone",
        ("quality", "IND-1"),
    ),
    (
        ("quality", "commitments", 0, "indicators", 0, "target"),
        None,
        ("quality", "IND-1"),
    ),
    (
        ("quality", "commitments", 0, "indicators", 0, "period"),
        None,
        ("quality", "IND-1"),
    ),
    (
        ("quality", "commitments", 0, "indicators", 0, "stream"),
        None,
        ("quality", "IND-1"),
    ),
    (
        ("quality", "commitments", 0, "indicators", 0, "calendar"),
        None,
        ("quality", "IND-1"),
    ),
    (("quality", "commitments", 0, "indicators", 0, "rule"), {}, ("quality", "IND-1")),
    (("streams", 0, "types"), ["opened"], ("quality", "IND-1")),
]


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    MISSING,
    ids=[".".join(map(str, m[0])) for m in MISSING],
)
def test_what_is_missing_is_named_and_alone(town, path, value, problem):
    document = builders.charter_document()
    node = document
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    edition = builders.draft(document, of=town)
    assert subjects(edition) == [problem]
    with pytest.raises(PublicationRefusedError) as caught:
        bring_out(edition)
    assert [(p.section, p.subject) for p in caught.value.problems] == [problem]
    edition.refresh_from_db()
    assert edition.state == EditionState.DRAFT
    assert not CatalogueEntry.objects.exists()


def test_every_problem_is_told_at_once(town):
    edition = builders.draft(
        {
            "format": "paraula-charter/1",
            "charter": {"slug": "empty"},
            "edition": {"source_language": "ca", "title": {"ca": "Buida"}},
        },
        of=town,
    )
    found = subjects(edition)
    assert len(found) == len(set(found)) == 17
    assert ("complementary", "phone") in found
    assert ("quality", "commitments") in found


@pytest.mark.parametrize(
    ("phone", "email", "problems"), [("", "a@b.org", 0), ("93", "", 0), ("", "", 1)]
)
def test_there_must_be_one_way_to_reach_us(town, phone, email, problems):
    document = builders.charter_document()
    document["complementary"] |= {"phone": phone, "email": email}
    assert len(problems_of(builders.draft(document, of=town))) == problems


@pytest.mark.parametrize(
    ("procedure", "until", "allowed"),
    [
        ("GENERIC", "2029-01-01", True),
        ("CASTILLA_LA_MANCHA", "2028-01-01", True),
        ("CASTILLA_LA_MANCHA", "2028-01-02", False),
        ("GENERIC", "2027-01-01", True),
    ],
)
def test_how_long_a_charter_may_last_is_the_procedures_word(
    db, procedure, until, allowed
):
    town = builders.organisation(procedure=procedure)
    document = builders.charter_document(valid_until=until)
    assert (problems_of(builders.draft(document, of=town)) == []) is allowed


def test_publishing_leaves_snapshot_digest_step_index_and_trail(town):
    person = builders.person("PUBLISHER", of=town)
    draft = builders.draft(builders.charter_document(), of=town)
    evidence = Evidence("Ple", "2026/7", date(2026, 1, 2), "BOPB 3/1/2026")
    edition = bring_out(draft, by=person, evidence=evidence)
    edition.refresh_from_db()
    text = json.dumps(
        edition.snapshot, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert canonical(edition.snapshot) == text
    assert edition.digest == hashlib.sha256(text.encode()).hexdigest()
    assert (
        edition.snapshot["quality"]["commitments"][0]["indicators"][0]["code"]
        == "IND-1"
    )
    assert (edition.published_at, edition.published_by) == (NOW, person)
    step = Step.objects.get(kind=StepKind.PUBLISHED)
    assert (step.authority, step.act_number, step.gazette, step.by) == (
        "Ple",
        "2026/7",
        "BOPB 3/1/2026",
        person,
    )
    languages = CatalogueEntry.objects.values_list("language", flat=True)
    assert sorted(languages) == ["ca", "es"]
    entry = AuditEntry.objects.get(verb="charters.publish")
    assert (entry.actor_id, entry.subject) == (person.pk, "library/1")
    assert entry.details == {"digest": edition.digest}


def test_the_digest_does_not_depend_on_the_order_of_keys():
    assert (
        canonical({"b": 1, "a": "é"})
        == canonical({"a": "é", "b": 1})
        == '{"a":"é","b":1}'
    )


def test_it_is_published_once(charter):
    with pytest.raises(PublicationRefusedError) as caught:
        bring_out(charter)
    assert [problem.subject for problem in caught.value.problems] == ["state"]


def test_a_new_edition_supersedes_on_its_first_day(charter, town):
    new = bring_out(successor(town))
    charter.refresh_from_db()
    assert (charter.ended_on, charter.end_reason) == (
        new.valid_from,
        EndReason.SUPERSEDED,
    )
    assert Step.objects.filter(edition=charter, kind=StepKind.SUPERSEDED).count() == 1
    last, first = date(2026, 12, 31), date(2027, 1, 1)
    assert in_force_of(charter.charter, on=last) == charter
    assert in_force_of(charter.charter, on=first) == new
    assert standing(charter, on=last) == Standing.IN_FORCE
    assert standing(charter, on=first) == Standing.SUPERSEDED
    assert standing(new, on=last) == Standing.SCHEDULED
    assert standing(new, on=first) == Standing.IN_FORCE
    assert standing(new, on=date(2029, 1, 1)) == Standing.EXPIRED


def test_an_edition_does_not_replace_another_in_the_past(charter, town):
    """Until today the edition in force was the promise that people were given."""
    late = successor(town, valid_from="2026-11-01", valid_until="2028-01-01")
    with pytest.raises(PublicationRefusedError) as caught:
        bring_out(late)
    assert [problem.subject for problem in caught.value.problems] == ["valid_from"]
    charter.refresh_from_db()
    assert charter.ended_on is None
    late.valid_from = date(2026, 11, 2)  # today
    late.save()
    bring_out(late)
    charter.refresh_from_db()
    assert charter.ended_on == date(2026, 11, 2)


def test_a_code_goes_on_measuring_the_same_sort_of_thing(charter, town):
    other = builders.indicator(kind="mean_duration", unit="open_hours")
    other["rule"] |= {"unit": "elapsed_hours"}
    document = builders.charter_document(
        indicators=[other], valid_from="2027-01-01", valid_until="2029-01-01"
    )
    new = builders.draft(document, of=town)
    assert subjects(new) == [("quality", "IND-1")]
    with pytest.raises(PublicationRefusedError):
        bring_out(new)


def test_an_edition_to_come_is_not_shown_and_an_expired_one_still_is(charter, town):
    assert shown_of(charter.charter, on=date(2025, 12, 31)) is None
    assert shown_of(charter.charter, on=date(2026, 1, 1)) == charter
    assert in_force_of(charter.charter, on=date(2028, 1, 1)) is None
    assert shown_of(charter.charter, on=date(2028, 1, 1)) == charter


def test_a_successor_may_follow_without_touching_the_old_one(charter, town):
    bring_out(successor(town, "2028-01-01", "2030-01-01"))
    charter.refresh_from_db()
    assert charter.ended_on is None


@pytest.mark.parametrize(
    ("valid_from", "valid_until"),
    [
        ("2026-06-01", "2028-01-01"),  # between the first edition and its successor
        ("2025-06-01", "2026-06-02"),  # over the first one's beginning
        ("2026-01-01", "2028-01-01"),  # the very same days
        ("2027-01-01", "2028-06-01"),  # from the successor's own first day
    ],
)
def test_days_that_clash_are_refused_and_change_nothing(
    charter, town, valid_from, valid_until
):
    bring_out(successor(town))
    draft = successor(town, valid_from, valid_until)
    before = list(Edition.objects.order_by("pk").values("ended_on", "state"))
    with pytest.raises(PublicationRefusedError) as caught:
        bring_out(draft)
    assert [p.subject for p in caught.value.problems] == ["valid_from"]
    assert list(Edition.objects.order_by("pk").values("ended_on", "state")) == before


def test_the_constraint_allows_one_edition_in_force(charter):
    other = copy.copy(charter)
    other.pk, other.number = None, 2
    other.valid_from = date(2027, 12, 31)
    other.valid_until = date(2029, 1, 1)
    with (
        pytest.raises(IntegrityError, match="edition_one_in_force"),
        transaction.atomic(),
    ):
        other.save()
    other.valid_from = date(2028, 1, 1)
    other.save()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"number": 1}, "edition_number_once"),
        ({"valid_until": date(2026, 1, 1)}, "edition_validity_in_order"),
        ({"source_language": "fr"}, "edition_source_language_known"),
        ({"state": "PUBLISHED"}, "edition_published_whole"),
        ({"digest": "x" * 64}, "edition_published_whole"),
        ({"ended_on": date(2026, 5, 1)}, "edition_"),
        ({"end_reason": "WITHDRAWN"}, "edition_end_with_reason"),
    ],
    ids=str,
)
def test_the_edition_has_its_constraints(charter, changes, name):
    fields = {
        "organisation": charter.organisation,
        "charter": charter.charter,
        "number": 2,
        "source_language": "ca",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2028, 1, 1),
    }
    with pytest.raises(IntegrityError, match=name):
        Edition.objects.create(**fields | changes)


def test_a_charter_has_one_draft_and_a_name_of_its_own(charter, town):
    successor(town)
    with pytest.raises(IntegrityError, match="edition_one_draft"), transaction.atomic():
        Edition.objects.create(
            organisation=town, charter=charter.charter, number=9, source_language="ca"
        )
    with pytest.raises(IntegrityError, match="charter_slug_once"):
        Charter.objects.create(organisation=town, slug="library")


@pytest.mark.django_db(transaction=True)
def test_of_two_publications_at_once_one_wins(town, monkeypatch):
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)
    first = builders.draft(builders.charter_document(), of=town)
    # The same charter cannot have two drafts, so both threads publish the same one.
    outcomes = at_once(lambda _n: attempt(first), [1, 2, 3])
    assert sorted(outcomes) == ["published", "refused", "refused"]
    assert Step.objects.filter(kind=StepKind.PUBLISHED).count() == 1


def attempt(edition):
    try:
        bring_out(Edition.objects.get(pk=edition.pk))
    except PublicationRefusedError:
        return "refused"
    return "published"


PARTS = {
    "commitments_commitment": "text",
    "commitments_assurancemeasure": "text",
    "commitments_redressmeasure": "text",
    "commitments_redresscover": None,
    "indicators_indicatorrule": "name",
}


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
@pytest.mark.parametrize("table", sorted(PARTS))
def test_no_part_of_a_published_edition_changes(charter, table, verb):
    column = PARTS[table]
    change = f"{column} = '{{}}'" if column else "edition_id = edition_id"
    statement = (
        f"UPDATE {table} SET {change}" if verb == "UPDATE" else f"DELETE FROM {table}"
    )
    assert_refused(statement, f"{table}_immutable", "is published and cannot change")


@pytest.mark.parametrize("table", sorted(PARTS))
def test_no_part_moves_or_is_added_to_a_published_edition(charter, town, table):
    document = builders.charter_document(
        slug="other", indicators=[builders.indicator("IND-2")]
    )
    draft = builders.draft(document, of=town)
    assert_refused(
        f"UPDATE {table} SET edition_id = {charter.pk} WHERE edition_id = {draft.pk}",
        f"{table}_immutable",
        "is published and cannot change",
    )


@pytest.mark.django_db
def test_every_part_of_an_edition_is_protected():
    """A table that belongs to an edition is listed above, so it has its trigger."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns "
            "WHERE column_name = 'edition_id' AND table_schema = 'public'"
        )
        tables = {row[0] for row in cursor.fetchall()}
    apart = {"charters_step", "charters_catalogueentry", "feedback_claim"}
    assert tables - apart == set(PARTS)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE charters_edition SET title = '{}'",
        "UPDATE charters_edition SET state = 'DRAFT', snapshot = NULL, digest = ''",
        "UPDATE charters_edition SET valid_until = '2099-01-01'",
        "UPDATE charters_edition SET digest = repeat('0', 64)",
        "UPDATE charters_edition SET snapshot = '{}'",
        "DELETE FROM charters_edition",
    ],
)
def test_a_published_edition_does_not_change(charter, statement):
    assert_refused(statement, "edition_published_immutable", "is published")


def test_it_ends_early_once(charter):
    Edition.objects.update(ended_on=date(2026, 6, 1), end_reason=EndReason.WITHDRAWN)
    assert_refused(
        "UPDATE charters_edition SET ended_on = '2027-06-01'",
        "edition_published_immutable",
        "is published",
    )


@pytest.mark.parametrize(
    "statement", ["UPDATE charters_step SET gazette = 'x'", "DELETE FROM charters_step"]
)
def test_evidence_stays(charter, statement):
    assert_refused(statement, "charters_step_append_only", "append-only")


def test_a_draft_can_be_thrown_away(town):
    draft = builders.draft(builders.charter_document(), of=town)
    Edition.objects.filter(pk=draft.pk).update(title={"ca": "una altra"})
    with pytest.raises(ProtectedError):
        draft.delete()  # its first step is evidence


def assert_refused(statement, trigger, words):
    with (
        pytest.raises(IntegrityError, match=words) as caught,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert caught.value.__cause__.diag.constraint_name == trigger
