"""Setting up organisations, units and people."""

import pytest
from django.core.exceptions import ValidationError

from accounts.enums import Role
from accounts.models import Membership, Organisation, Unit, User
from accounts.services.organisations import (
    create_organisation,
    create_person,
    create_unit,
    grant,
)
from core.models import AuditEntry
from tests import builders

NAME = {"ca": "Vila", "en": "Town"}


def unit_of(organisation: Organisation, code: str = "U1") -> Unit:
    return create_unit(
        organisation=organisation,
        code=code,
        name=NAME,
        parent=None,
        by=None,
        at=builders.NOW,
    )


@pytest.mark.django_db
def test_organisation_is_created_with_its_entry():
    made = create_organisation(
        slug="vila", name=NAME, by=None, at=builders.NOW, language="en"
    )
    entry = AuditEntry.objects.get(verb="accounts.create_organisation")
    assert (entry.organisation_id, entry.subject) == (made.pk, "vila")
    assert Organisation.objects.get().language == "en"


def test_short_name_is_taken_once(town):
    with pytest.raises(ValidationError, match="slug"):
        create_organisation(slug=town.slug, name=NAME, by=None, at=builders.NOW)


def test_unit_stands_under_another(town):
    top = unit_of(town)
    under = create_unit(
        organisation=town, code="U2", name=NAME, parent=top, by=None, at=builders.NOW
    )
    assert list(top.children.all()) == [under]


def test_unit_cannot_stand_under_one_of_another_town(town):
    other = unit_of(builders.organisation("altra"))
    with pytest.raises(ValueError, match="not of"):
        create_unit(
            organisation=town,
            code="U2",
            name=NAME,
            parent=other,
            by=None,
            at=builders.NOW,
        )


def test_person_has_a_role_the_towns_language_and_no_password(town):
    administrator = builders.person(Role.ADMINISTRATOR, of=town)
    user = create_person(
        organisation=town,
        email="New.Person@Example.org",
        name="New Person",
        role=Role.DRAFTER,
        unit=unit_of(town),
        by=administrator,
        at=builders.NOW,
    )
    assert (user.email, user.language) == ("new.person@example.org", town.language)
    assert not user.has_usable_password()
    membership = user.memberships.get()
    assert (membership.role, membership.unit.code) == (Role.DRAFTER, "U1")
    entry = AuditEntry.objects.get(verb="accounts.grant")
    assert (entry.actor_id, entry.details["role"]) == (administrator.pk, Role.DRAFTER)
    assert user.email not in str(entry.details)


def test_person_with_an_unknown_role_is_not_created(town):
    with pytest.raises(ValidationError, match="role"):
        create_person(
            organisation=town,
            email="x@example.org",
            name="X",
            role="KING",
            unit=None,
            by=None,
            at=builders.NOW,
        )
    assert not User.objects.exists()


def test_role_is_granted_once_and_in_ones_own_town(town):
    user = builders.person(Role.AUDITOR, of=town)
    with pytest.raises(ValidationError):
        grant(
            organisation=town,
            user=user,
            role=Role.AUDITOR,
            unit=None,
            by=None,
            at=builders.NOW,
        )
    with pytest.raises(ValueError, match="not of"):
        grant(
            organisation=town,
            user=user,
            role=Role.MANAGER,
            unit=unit_of(builders.organisation("altra")),
            by=None,
            at=builders.NOW,
        )
    assert Membership.objects.filter(user=user).count() == 1
