"""Organisations (the tenants), their units, and the people with their roles."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import Procedure, Role
from core.text import LANGUAGES, TextField


class Organisation(models.Model):
    """A public administration: the tenant to which every other row belongs."""

    slug = models.SlugField(_("short name in addresses"), max_length=60, unique=True)
    name = TextField(_("name"))
    time_zone = models.CharField(_("time zone"), max_length=60, default="Europe/Madrid")
    country = models.CharField(_("country"), max_length=2, default="ES")
    subdivision = models.CharField(_("region"), max_length=10, blank=True)
    language = models.CharField(_("main language"), max_length=2, default="ca")
    procedure = models.CharField(
        _("procedure"),
        max_length=30,
        choices=Procedure.choices,
        default=Procedure.GENERIC,
    )
    # Shown on every claim form and decision; its wording is the organisation's own,
    # because the legal effect of recognising a breach differs between jurisdictions.
    liability = TextField(_("note on liability"))
    claim_term = models.JSONField(_("term to answer a claim"), default=dict, blank=True)
    claim_calendar = models.CharField(
        _("calendar of that term"), max_length=60, blank=True
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(language__in=LANGUAGES), name="organisation_language_known"
            )
        ]

    def __str__(self) -> str:
        return self.slug


class Unit(models.Model):
    """A department; units form a tree."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="units"
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
    )
    code = models.CharField(_("code"), max_length=40)
    name = TextField(_("name"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "code"], name="unit_code_once"
            ),
            models.CheckConstraint(
                condition=~Q(parent=models.F("id")), name="unit_not_its_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class UserManager(BaseUserManager["User"]):
    """Creates people; the e-mail is the name they log in with."""

    def create_user(
        self, email: str, password: str | None = None, **extra: Any
    ) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Somebody who works for one or more organisations. Citizens have no account."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=2, default="ca")
    is_active = models.BooleanField(_("active"), default=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    """
    A person's role in an organisation.

    ``unit`` says where the person works; a role holds for the whole organisation.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "user", "role", "unit"],
                nulls_distinct=False,
                name="membership_once",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role} {self.organisation}"
