"""The form that corrects or voids one event."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from charters.forms import day_field
from indicators.models import ServiceEvent
from indicators.services.corrections import Right
from indicators.services.intake import LONGEST_ATTRIBUTE, LONGEST_KEY

FIRST, SECOND = "first", "second"
LONGEST_REASON = 500


class SkippedError(ValueError):
    """The clock never showed this time: it was put forward."""


class TwiceError(ValueError):
    """The clock showed this time twice, and nobody said which is meant."""


def instant_of(day: date, clock: time, zone: ZoneInfo, which: str) -> datetime:
    """
    Return the instant at which a clock showed a time.

    :param which: of a time that it showed twice, ``first`` or ``second``.
    :raises SkippedError: if it never did.
    :raises TwiceError: if it did twice and ``which`` is empty.
    """
    shown = datetime.combine(day, clock)
    first, second = (
        shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)
    )
    if first == second:
        return first
    if first.astimezone(zone).replace(tzinfo=None) != shown:
        raise SkippedError
    if not which:
        raise TwiceError
    return second if which == SECOND else first


class CorrectForm(forms.Form):
    """
    What an event should have said, or that it never happened.

    :param event: as the log has it.
    """

    CORRECT, VOID = "correct", "void"
    act = forms.ChoiceField(
        label=_("What is wrong"),
        choices=[
            (CORRECT, _("It says something wrong: what it should say is below")),
            (VOID, _("It never happened: no figure may count it")),
        ],
        widget=forms.RadioSelect,
    )
    # A space more would be another case.
    case = forms.CharField(
        label=_("Case"), max_length=LONGEST_KEY, required=False, strip=False
    )
    type = forms.ChoiceField(label=_("Type"), required=False)
    day = day_field(label=_("Day"))
    clock = forms.TimeField(
        label=_("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "step": "1"}, format="%H:%M:%S"),
    )
    which = forms.ChoiceField(
        label=_("If the clock showed this time twice"),
        required=False,
        choices=[
            ("", "–"),
            (FIRST, _("the first time, before it was put back")),
            (SECOND, _("the second time, after it was put back")),
        ],
        help_text=_("Only in the night in which summer time ends."),
    )
    value = forms.DecimalField(
        label=_("Value"), max_digits=28, decimal_places=12, required=False
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Auditors read it. Name nobody."),
    )

    def __init__(self, data: QueryDict | None = None, *, event: ServiceEvent) -> None:
        self.event = event
        self.zone = ZoneInfo(event.stream.time_zone)
        super().__init__(data, initial=self._initial())
        types = event.stream.types
        chosen = self.fields["type"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101 -- declared above
        chosen.choices = [(name, name) for name in types]
        for name in event.stream.attributes:
            self.fields[f"attribute_{name}"] = forms.CharField(
                label=name,
                max_length=LONGEST_ATTRIBUTE,
                required=False,
                strip=False,
                initial=event.attributes.get(name, ""),
            )

    def _initial(self) -> dict[str, Any]:
        local = self.event.occurred_at.astimezone(self.zone)
        value = self.event.value
        return {
            "act": self.CORRECT,
            "case": self.event.case_key,
            "type": self.event.type,
            "day": local.date(),
            "clock": local.time().replace(microsecond=0),
            "which": self._which(local),
            "value": None if value is None else format(value.normalize(), "f"),
        }

    def _which(self, local: datetime) -> str:
        """Say which of two times an instant is; empty if it is the only one."""
        try:
            instant_of(local.date(), local.time(), self.zone, "")
        except TwiceError:
            return SECOND if local.fold else FIRST
        return ""

    def main(self) -> list[forms.BoundField]:
        """Return what an event says, its attributes last."""
        names = ["case", "type", "day", "clock", "which", "value"]
        names += [f"attribute_{name}" for name in self.event.stream.attributes]
        return [self[name] for name in names]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("act") != self.CORRECT:
            return cleaned
        for name in ("case", "type", "day", "clock"):
            if not self.errors.get(name) and cleaned.get(name) in (None, ""):
                self.add_error(name, _("This field is required."))
        if cleaned.get("day") and cleaned.get("clock") is not None:
            cleaned["at"] = self._instant(cleaned)
        return cleaned

    def _instant(self, cleaned: dict[str, Any]) -> datetime | None:
        told: dict[str, Any] = {
            name: cleaned.get(name) for name in ("day", "clock", "which")
        }
        if told == {name: self.initial[name] for name in told}:
            # As it was, to the microsecond.
            return self.event.occurred_at
        try:
            return instant_of(
                told["day"], told["clock"], self.zone, told["which"] or ""
            )
        except SkippedError:
            self.add_error(
                "clock",
                ValidationError(
                    _("That night the clock was put forward over this time.")
                ),
            )
        except TwiceError:
            self.add_error(
                "which",
                ValidationError(
                    _("The clock showed this time twice: say which it is.")
                ),
            )
        return None

    @property
    def voids(self) -> bool:
        """Whether it never happened."""
        return bool(self.cleaned_data["act"] == self.VOID)

    def right(self) -> Right:
        """Return what the event should have said."""
        given = self.cleaned_data
        attributes = {
            name: given[f"attribute_{name}"]
            for name in self.event.stream.attributes
            if given[f"attribute_{name}"]
        }
        return Right(
            given["case"], given["type"], given["at"], given["value"], attributes
        )
