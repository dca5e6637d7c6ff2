"""
Forms over commitments and measures.

Those over a draft are explained in :mod:`charters.forms`.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as __, gettext_lazy as _

from charters.forms import (
    LANGUAGE_NAMES,
    DraftForm,
    code_field,
    day_field,
    text_field,
)
from commitments.enums import Level, RedressKind, SuspensionScope, Trigger
from core.text import LANGUAGES


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


class SuspensionForm(forms.Form):
    """
    A resolution that suspends a commitment, in all languages at once: it is final.

    :param commitments: codes and words of what can be suspended.
    :param source: the language of the charter, in which the cause must be given.
    :param today: no resolution is of a later day.
    """

    commitment = forms.ChoiceField(label=_("Commitment"))
    resolution = forms.CharField(
        label=_("Resolution"),
        max_length=200,
        help_text=_("Its authority and number, for example: Mayor’s decree 77/2026."),
    )
    resolved_on = day_field(label=_("Date of the resolution"))
    from_on = day_field(
        label=_("First day"),
        help_text=_(
            "If it comes before the resolution, everybody will see that it does."
        ),
    )
    until_on = day_field(
        label=_("First day it holds again"),
        help_text=_("Leave it open if nobody knows yet. It can be given once."),
    )
    covers = forms.ChoiceField(
        label=_("Cases it takes out"),
        choices=SuspensionScope.choices,
        help_text=_("Figures are published with these cases and without them."),
    )

    MAIN = (
        "commitment",
        "resolution",
        "resolved_on",
        "from_on",
        "until_on",
        "covers",
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        commitments: Sequence[tuple[str, str]],
        source: str,
        today: date,
    ) -> None:
        super().__init__(data)
        self.source = source
        self.today = today
        chosen = self.fields["commitment"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101 -- declared above
        chosen.choices = list(commitments)
        for name in ("resolved_on", "from_on"):
            self.fields[name].required = True
        for language in self.languages:
            self.fields[f"cause_{language}"] = self._text(_("Cause"), language)
            self.fields[f"consequences_{language}"] = self._text(
                _("Consequences"), language
            )
        own = {"language": str(LANGUAGE_NAMES[source])}
        self.fields[f"cause_{source}"].label = __("Cause, in %(language)s") % own
        self.fields[f"consequences_{source}"].label = (
            __("Consequences, in %(language)s") % own
        )
        self.fields[f"cause_{source}"].required = True
        self.fields[f"cause_{source}"].help_text = _(
            "Why the promise cannot be kept, in words for citizens."
        )
        self.fields[f"consequences_{source}"].help_text = _(
            "What citizens can expect meanwhile."
        )

    @property
    def languages(self) -> list[str]:
        """All languages, the charter's own first."""
        return sorted(LANGUAGES, key=lambda language: language != self.source)

    def _text(self, label: Any, language: str) -> forms.CharField:
        field = text_field(label=label, rows=3)
        field.widget.attrs["lang"] = language
        return field

    def main(self) -> list[forms.BoundField]:
        """Return the fields without the texts in other languages."""
        own = (f"cause_{self.source}", f"consequences_{self.source}")
        return [self[name] for name in (*self.MAIN, *own)]

    def translations(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return the texts in the other languages, with each language's name."""
        return [
            (
                LANGUAGE_NAMES[language],
                [self[f"cause_{language}"], self[f"consequences_{language}"]],
            )
            for language in self.languages[1:]
        ]

    def clean_resolved_on(self) -> date:
        resolved_on: date = self.cleaned_data["resolved_on"]
        if resolved_on > self.today:
            raise ValidationError(_("That day has not come."))
        return resolved_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("from_on"), cleaned.get("until_on")
        if start and end and end <= start:
            self.add_error("until_on", _("It must come after the first day."))
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        return {
            **{name: self.cleaned_data[name] for name in self.MAIN},
            "cause": self._words("cause"),
            "consequences": self._words("consequences"),
        }

    def _words(self, name: str) -> dict[str, str]:
        return {
            language: self.cleaned_data[f"{name}_{language}"]
            for language in self.languages
        }


class LiftForm(forms.Form):
    """When a suspension without an end ends."""

    until_on = day_field(
        label=_("First day it holds again"),
        help_text=_("It can be given once and never changed."),
    )

    def __init__(self, data: QueryDict | None = None, *, from_on: date) -> None:
        super().__init__(data)
        self.from_on = from_on
        self.fields["until_on"].required = True

    def clean_until_on(self) -> date:
        until_on: date = self.cleaned_data["until_on"]
        if until_on <= self.from_on:
            raise ValidationError(_("It must come after the first day."))
        return until_on
