"""Who may do what."""

import pytest
from django.db import IntegrityError

from accounts.enums import Role
from accounts.models import Membership, Organisation, Unit, User
from accounts.rules import PERMISSIONS, allows, roles_of, roles_of_people
from tests import builders


def test_roles_are_of_one_organisation(town):
    other = builders.organisation("other")
    person = builders.person("DRAFTER", of=town)
    Membership.objects.create(user=person, organisation=other, role=Role.AUDITOR)
    assert roles_of(person, town) == {"DRAFTER"}
    assert roles_of(person, other) == {"AUDITOR"}


def test_a_role_in_a_unit_counts(town):
    unit = Unit.objects.create(organisation=town, code="lib")
    person = builders.person("DRAFTER", of=town)
    Membership.objects.create(user=person, organisation=town, unit=unit, role="MANAGER")
    assert roles_of(person, town) == {"DRAFTER", "MANAGER"}


def test_roles_of_several_people_are_of_one_organisation_too(
    town, django_assert_num_queries
):
    other = builders.organisation("other")
    both = builders.person("MANAGER", of=town)
    Membership.objects.create(user=both, organisation=town, role="APPROVER")
    Membership.objects.create(user=both, organisation=other, role="AUDITOR")
    gone = builders.person("MANAGER", of=other)
    with django_assert_num_queries(1):
        found = roles_of_people([both.pk, gone.pk], town)
    assert found == {both.pk: [Role.APPROVER, Role.MANAGER]}


def test_who_left_has_no_role(town):
    person = builders.person("ADMINISTRATOR", of=town)
    person.is_active = False
    assert roles_of(person, town) == frozenset()


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_nobody_without_a_role_may_do_anything(permission):
    assert not allows(frozenset(), permission)


@pytest.mark.parametrize(
    ("role", "permission", "may"),
    [
        ("AUDITOR", "charters.view", True),
        ("AUDITOR", "charters.edit", False),
        ("AUDITOR", "claims.decide", False),
        ("DRAFTER", "charters.edit", True),
        ("DRAFTER", "charters.publish", False),
        ("DRAFTER", "claims.view", False),
        ("CLAIM_HANDLER", "claims.decide", True),
        ("ADMINISTRATOR", "claims.decide", False),
        ("MANAGER", "results.view", True),
        ("MANAGER", "results.restate", True),
        ("ADMINISTRATOR", "results.restate", False),
        ("APPROVER", "commitments.suspend", True),
        ("DRAFTER", "commitments.suspend", False),
    ],
)
def test_what_a_role_may_do(role, permission, may):
    assert allows(frozenset({role}), permission) is may


def test_a_typo_does_not_mean_no():
    with pytest.raises(KeyError):
        allows(frozenset({"DRAFTER"}), "charters.eidt")


def test_permissions_speak_of_roles_that_exist():
    assert {role for roles in PERMISSIONS.values() for role in roles} <= set(
        Role.values
    )


def test_people_log_in_with_their_e_mail_in_lower_case(db):
    person = User.objects.create_user("Anna@Example.ORG", "secret", name="Anna")
    assert person.email == "anna@example.org"
    assert person.check_password("secret")
    assert str(person) == "Anna"
    assert not User.objects.create_user("b@example.org", name="B").has_usable_password()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (
            lambda town: Organisation.objects.create(slug="x", language="fr"),
            "organisation_language_known",
        ),
        (
            lambda town: [
                Unit.objects.create(organisation=town, code="u") for _ in range(2)
            ],
            "unit_code_once",
        ),
        (
            lambda town: Unit.objects.create(pk=7, organisation=town, code="u", parent_id=7),
            "unit_not_its_own_parent",
        ),
        (lambda town: builders.person("DRAFTER", of=town, email="x@y.z").memberships.create(
            organisation=town, role="DRAFTER"), "membership_once"),
        (lambda town: builders.person("KING", of=town), "membership_role_known"),
    ],
)  # fmt: skip
def test_the_constraints_by_name(town, monkeypatch, make, name):
    monkeypatch.setattr("tests.builders.Role", lambda role: Role.DRAFTER)
    with pytest.raises(IntegrityError, match=name):
        make(town)
