"""Closed sets of values of the accounts application."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    """What a person may do in an organisation."""

    DRAFTER = "DRAFTER", _("Drafter")
    LEGAL_REVIEWER = "LEGAL_REVIEWER", _("Legal reviewer")
    APPROVER = "APPROVER", _("Approver")
    PUBLISHER = "PUBLISHER", _("Publisher")
    DATA_STEWARD = "DATA_STEWARD", _("Data steward")
    CLAIM_HANDLER = "CLAIM_HANDLER", _("Claim handler")
    SECOND_INSTANCE = "SECOND_INSTANCE", _("Second instance")
    MANAGER = "MANAGER", _("Manager")
    AUDITOR = "AUDITOR", _("Auditor (read only)")
    ADMINISTRATOR = "ADMINISTRATOR", _("Organisation administrator")


class Procedure(TextChoices):
    """The legal procedure that an organisation follows for its charters."""

    SPANISH_STATE = "SPANISH_STATE", _("Spanish State")
    CATALAN_MUNICIPALITY = "CATALAN_MUNICIPALITY", _("Catalan municipality")
    CASTILLA_LA_MANCHA = "CASTILLA_LA_MANCHA", _("Castilla-La Mancha")
    ANDALUCIA = "ANDALUCIA", _("Andalucía")
    MADRID_CITY = "MADRID_CITY", _("City of Madrid")
    ITALIAN_BODY = "ITALIAN_BODY", _("Italian body")
    DOMINICAN_MAP = "DOMINICAN_MAP", _("Dominican Republic (MAP)")
    GENERIC = "GENERIC", _("Generic")
