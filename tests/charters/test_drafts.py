"""Changing a draft; opening the next one."""

from datetime import date

import pytest

from charters.models import Edition
from charters.queries.editions import draft_of
from charters.services.drafts import (
    CharterExistsError,
    NotADraftError,
    StaleDraftError,
    open_new,
    open_next,
    save,
    touch,
)
from charters.services.exchange import export_document
from core.models import AuditEntry
from tests import builders

NOW = builders.NOW


@pytest.fixture
def drafter(town):
    return builders.person("DRAFTER", of=town)


def test_a_save_counts_and_leaves_its_trail(town, drafter):
    draft = builders.draft(builders.charter_document(), of=town)
    saved = save(
        edition=draft,
        revision=0,
        changes={"title": {"ca": "Nova"}, "summary": {}},
        by=drafter,
        at=NOW,
    )
    assert (saved.title, saved.revision) == ({"ca": "Nova"}, 1)
    entry = AuditEntry.objects.get(verb="charters.edit")
    assert (entry.actor_id, entry.details) == (
        drafter.pk,
        {"fields": ["summary", "title"]},
    )


def test_of_two_saves_of_the_same_form_the_second_is_stale(town, drafter):
    draft = builders.draft(builders.charter_document(), of=town)
    save(edition=draft, revision=0, changes={"title": {"ca": "A"}}, by=drafter, at=NOW)
    with pytest.raises(StaleDraftError):
        save(
            edition=draft,
            revision=0,
            changes={"title": {"ca": "B"}},
            by=drafter,
            at=NOW,
        )
    draft.refresh_from_db()
    assert (draft.title, draft.revision) == ({"ca": "A"}, 1)
    with pytest.raises(StaleDraftError):
        touch(edition=draft, revision=0, part="commitments", by=drafter, at=NOW)
    touch(edition=draft, revision=1, part="commitments", by=drafter, at=NOW)
    assert AuditEntry.objects.filter(verb="charters.edit").count() == 2


def test_a_published_edition_is_no_draft(charter, drafter):
    with pytest.raises(NotADraftError):
        save(edition=charter, revision=0, changes={"title": {}}, by=drafter, at=NOW)


def test_the_next_draft_is_a_copy_that_begins_where_the_last_ends(charter, drafter):
    draft = open_next(charter=charter.charter, by=drafter, at=NOW)
    assert (draft.number, draft.valid_from, draft.valid_until) == (
        2,
        date(2028, 1, 1),
        None,
    )
    old, new = export_document(charter), export_document(draft)
    assert old.pop("edition")["title"] == new.pop("edition")["title"]
    assert old == new
    assert open_next(charter=charter.charter, by=drafter, at=NOW) == draft
    assert draft_of(charter.charter) == draft


def test_a_charter_without_an_edition_has_no_next(charter, town, drafter):
    empty = town.charters.create(slug="empty")
    with pytest.raises(Edition.DoesNotExist):
        open_next(charter=empty, by=drafter, at=NOW)


def test_a_new_charter_has_a_name_of_its_own(charter, town, drafter):
    options = {
        "organisation": town,
        "language": "es",
        "title": "Carta",
        "scope": "organisation",
        "audience": "internal",
        "by": drafter,
        "at": NOW,
    }
    draft = open_new(slug="desk", **options)
    assert (draft.title, draft.charter.scope) == ({"es": "Carta"}, "organisation")
    with pytest.raises(CharterExistsError):
        open_new(slug="library", **options)
