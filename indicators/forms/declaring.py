"""The forms over declared values: enter one, correct one, confirm or reject one."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as __, gettext_lazy as _

from charters.forms import LANGUAGE_NAMES, day_field, text_field
from core.text import LANGUAGES
from engine.declared import Declared, DeclaredError
from engine.periods import Period

LONGEST_CAUSE, LONGEST_REASON = 200, 500
# Where a fault of the numbers is said, and in which words.
FAULTS: Mapping[str, tuple[str, LazyText]] = {
    "never": ("value", _("A figure of this kind cannot be declared.")),
    "parts_or_value": (
        "value",
        _("Give the two numbers of which it is made, or the value: not both."),
    ),
    "parts": ("numerator", _("Of this kind the two numbers are needed.")),
    "whole": ("numerator", _("Both are whole numbers: they count things.")),
    "over_nothing": ("n", _("Say over how many it is: at least one.")),
    "part_above_whole": ("numerator", _("The part is more than the whole.")),
    "n_is_whole": ("n", _("It must be the same as the number below the line.")),
    "out_of_range": ("value", _("No figure of this kind has this value.")),
}


def _number(*, label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        max_digits=16,
        decimal_places=6,
        help_text=help_text,
        localize=False,
    )


class DeclareForm(forms.Form):
    """
    A value that nothing measured, with where it comes from.

    :param periods: to choose from, with their names; one alone for a correction.
    :param source: the language of the charter, in which the source must be named.
    :param correcting: it takes the place of a confirmed value, and says why.
    :param parts: whether a figure of this kind is made of two numbers.
    """

    period = forms.ChoiceField(label=_("Period"))
    numerator = _number(
        label=_("Number above the line"),
        help_text=_("For example the requests that were answered in time."),
    )
    denominator = _number(
        label=_("Number below the line"), help_text=_("For example all the requests.")
    )
    value = _number(label=_("Value"))
    n = forms.IntegerField(
        label=_("Over how many"),
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text=_("Cases, answers or days that the value is made of."),
    )
    source_on = day_field(label=_("Date of the source"))
    document = forms.CharField(
        label=_("Document reference"),
        max_length=200,
        required=False,
        help_text=_("For example the number of the file or of the report."),
    )
    cause = forms.CharField(
        label=_("Cause of the correction"),
        max_length=LONGEST_CAUSE,
        help_text=_("Everybody will read it beside both values."),
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        periods: Sequence[tuple[Period, str]],
        source: str,
        today: date,
        correcting: bool,
        parts: bool,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.periods = {period.label: period for period, _name in periods}
        self.source, self.today = source, today
        chosen = self.fields["period"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101 -- declared above
        chosen.choices = [(period.label, name) for period, name in periods]
        self.fields["source_on"].required = True
        if not correcting:
            del self.fields["cause"]
        if parts:
            self.fields["value"].help_text = _(
                "Only if the two numbers are not known: without them nobody can say "
                "what chance does. Of a share, in per cent."
            )
            self.fields["n"].help_text = _(
                "Only if it is not the number below the line."
            )
        else:
            del self.fields["numerator"], self.fields["denominator"]
            self.fields["value"].required = self.fields["n"].required = True
        for language in self.languages:
            field = text_field(label=_("Source"), rows=2)
            field.widget.attrs["lang"] = language
            self.fields[f"source_{language}"] = field
        own = self.fields[f"source_{source}"]
        own.label = __("Source, in %(language)s") % {
            "language": str(LANGUAGE_NAMES[source])
        }
        own.help_text = _("Where the numbers come from, in words for citizens.")
        own.required = True

    @property
    def languages(self) -> list[str]:
        """All languages, the charter's own first."""
        return sorted(LANGUAGES, key=lambda language: language != self.source)

    def main(self) -> list[forms.BoundField]:
        """Return the fields without the source in other languages."""
        names = [
            name
            for name in ("period", "numerator", "denominator", "value", "n")
            if name in self.fields
        ]
        names += [f"source_{self.source}", "source_on", "document"]
        names += ["cause"] if "cause" in self.fields else []
        return [self[name] for name in names]

    def translations(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return the source in the other languages, with each language's name."""
        return [
            (LANGUAGE_NAMES[language], [self[f"source_{language}"]])
            for language in self.languages[1:]
        ]

    def clean_source_on(self) -> date:
        source_on: date = self.cleaned_data["source_on"]
        if source_on > self.today:
            raise ValidationError(_("That day has not come."))
        return source_on

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        given = self.cleaned_data
        return {
            "period": self.periods[given["period"]],
            "said": self._said(),
            "source": {
                language: given[f"source_{language}"] for language in self.languages
            },
            "source_on": given["source_on"],
            "document": given["document"],
            "cause": given.get("cause", ""),
        }

    def _said(self) -> Declared:
        given = self.cleaned_data
        whole: Decimal | None = given.get("denominator")
        n: int | None = given["n"]
        if n is None and whole is not None and whole == whole.to_integral_value():
            n = int(whole)
        return Declared(
            n=n or 0,
            value=given["value"],
            numerator=given.get("numerator"),
            denominator=whole,
        )

    def blame(self, error: DeclaredError) -> None:
        """Say what is wrong with the numbers, where it is."""
        name, words = FAULTS[error.code]
        if name not in self.fields:
            name = "value"
        self.add_error(name, str(words))


class DecisionForm(forms.Form):
    """What the second person says of a value."""

    CONFIRM, REJECT = "confirm", "reject"
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            (CONFIRM, _("Confirm it: I have compared it with its source")),
            (REJECT, _("Reject it")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only if you reject it. Whoever entered it reads why."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        rejected = cleaned.get("decision") == self.REJECT
        if rejected and not cleaned.get("reason"):
            self.add_error("reason", _("Say why you reject it."))
        return cleaned
