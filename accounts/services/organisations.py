"""Set up organisations, their units, and the people with their roles."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, Organisation, Unit, User
from core import audit
from core.text import Text

# First words of our own addresses: an organisation of that name would be unreachable.
RESERVED = frozenset({"api", "claims", "healthz", "office", "readyz", "static"})


@transaction.atomic
def create_organisation(
    *, slug: str, name: Text, by: User | None, at: datetime, **settings: Any
) -> Organisation:
    """
    Create an organisation.

    :param settings: further fields of :class:`accounts.models.Organisation`.
    :raises django.core.exceptions.ValidationError: if a value makes no sense, the
        short name being taken among them.
    """
    if slug in RESERVED:
        raise ValidationError({"slug": _("This short name is one of our own.")})
    organisation = Organisation(slug=slug, name=name, **settings)
    organisation.full_clean()
    organisation.save()
    audit.record(
        verb="accounts.create_organisation",
        subject=slug,
        organisation_id=organisation.pk,
        actor_id=by.pk if by else None,
        at=at,
    )
    return organisation


@transaction.atomic
def create_unit(
    *,
    organisation: Organisation,
    code: str,
    name: Text,
    parent: Unit | None,
    by: User | None,
    at: datetime,
) -> Unit:
    """
    Create a unit of an organisation, under another one or at the top.

    :raises ValueError: if the parent is a unit of another organisation.
    :raises django.core.exceptions.ValidationError: if the code is taken.
    """
    _refuse_foreign(parent, organisation)
    unit = Unit(organisation=organisation, code=code, name=name, parent=parent)
    unit.full_clean()
    unit.save()
    audit.record(
        verb="accounts.create_unit",
        subject=f"{organisation.slug}/{code}",
        organisation_id=organisation.pk,
        actor_id=by.pk if by else None,
        at=at,
    )
    return unit


@transaction.atomic
def create_person(
    *,
    organisation: Organisation,
    email: str,
    name: str,
    role: str,
    unit: Unit | None,
    by: User | None,
    at: datetime,
    language: str = "",
    password: str | None = None,
) -> User:
    """
    Create somebody with a role in an organisation, or in one of its units only.

    :param language: of the screens; the organisation's by default.
    :param password: without one nobody can log in as this person yet.
    :raises ValueError: if the unit is one of another organisation.
    :raises django.core.exceptions.ValidationError: if the e-mail is taken or the
        role unknown.
    """
    _refuse_foreign(unit, organisation)
    user = User(
        email=User.objects.normalize_email(email).lower(),
        name=name,
        language=language or organisation.language,
    )
    user.set_password(password)
    user.full_clean()
    user.save()
    grant(organisation=organisation, user=user, role=role, unit=unit, by=by, at=at)
    return user


@transaction.atomic
def grant(
    *,
    organisation: Organisation,
    user: User,
    role: str,
    unit: Unit | None,
    by: User | None,
    at: datetime,
) -> Membership:
    """
    Give somebody a role in an organisation, or in one of its units only.

    :raises ValueError: if the unit is one of another organisation.
    :raises django.core.exceptions.ValidationError: if the role is unknown, or the
        person has it already.
    """
    _refuse_foreign(unit, organisation)
    membership = Membership(organisation=organisation, user=user, role=role, unit=unit)
    membership.full_clean()
    membership.save()
    audit.record(
        verb="accounts.grant",
        subject=f"{organisation.slug}/{unit.code if unit else '*'}",
        organisation_id=organisation.pk,
        actor_id=by.pk if by else None,
        at=at,
        role=role,
        user=user.pk,
    )
    return membership


def _refuse_foreign(unit: Unit | None, organisation: Organisation) -> None:
    if unit is not None and unit.organisation_id != organisation.pk:
        msg = f"unit {unit.code} is not of {organisation.slug}"
        raise ValueError(msg)
