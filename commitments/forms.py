"""Forms over a draft's commitments and measures; see :mod:`charters.forms`."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from charters.forms import DraftForm, code_field, text_field
from commitments.enums import Level, RedressKind, Trigger


class CommitmentForm(DraftForm):
    """One promise."""

    texts = ("text", "legal_minimum", "baseline")
    code = code_field(
        label=_("Code"),
        help_text=_(
            "For example C1. Keep it from edition to edition: it is how a commitment "
            "is recognised."
        ),
    )
    service = forms.ChoiceField(label=_("Service"), required=False)
    text = text_field(
        label=_("Commitment"),
        help_text=_("What you promise, in words that anybody can check."),
    )
    level = forms.ChoiceField(
        label=_("Level"),
        choices=Level.choices,
        help_text=_(
            "A general standard holds over the whole of the service; a specific one "
            "can be checked, and claimed, by each user."
        ),
    )
    legal_minimum = text_field(
        label=_("What the law already asks"),
        rows=2,
        help_text=_("A commitment promises more than the law."),
    )
    baseline = text_field(label=_("What was reached before promising"), rows=2)

    def __init__(
        self, *args: Any, services: Sequence[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        choices = [("", _("None in particular")), *services]
        stored = str(self.stored.get("service") or "")
        if stored not in {code for code, _name in choices}:
            choices.append((stored, stored))
        self._choices("service").choices = choices

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- declared above
        return field


class AssuranceForm(DraftForm):
    """Something that is done so that the commitments can be kept."""

    texts = ("text",)
    code = code_field(label=_("Code"), help_text=_("For example A1."))
    text = text_field(label=_("Measure"))


class RedressForm(DraftForm):
    """How the body makes good."""

    texts = ("text", "eligible", "exclusions", "delivery")
    code = code_field(label=_("Code"), help_text=_("For example R1."))
    kind = forms.ChoiceField(label=_("Kind"), choices=RedressKind.choices)
    text = text_field(
        label=_("Measure"), help_text=_("What the citizen gets, in plain words.")
    )
    commitments = forms.MultipleChoiceField(
        label=_("Commitments it answers for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    trigger = forms.ChoiceField(
        label=_("When it is given"),
        choices=Trigger.choices,
        help_text=_("Automatic: without the citizen having to ask for it."),
    )
    filing_days = forms.IntegerField(
        label=_("Calendar days to claim"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("Leave it empty if there is no limit."),
    )
    amount = forms.DecimalField(
        label=_("Amount"),
        required=False,
        max_digits=10,
        decimal_places=2,
        min_value=Decimal("0.01"),
    )
    currency = forms.RegexField(
        label=_("Currency"),
        regex=r"\A[A-Z]{3}\Z",
        required=False,
        error_messages={"invalid": _("Three capital letters, for example EUR.")},
    )
    eligible = text_field(label=_("Who is entitled"), rows=2)
    exclusions = text_field(label=_("Exclusions"), rows=2)
    delivery = text_field(label=_("How and when it is delivered"), rows=2)

    def __init__(
        self, *args: Any, commitments: Sequence[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        field = self.fields["commitments"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 -- declared above
        field.choices = commitments

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("amount") and not cleaned.get("currency"):
            self.add_error("currency", _("An amount needs its currency."))
        return cleaned
