"""
Forms over a file of events: the file itself, and what its columns are.

The second is a mapping file in fields. It is made of what a file has and what its
stream declares, and gives the :class:`indicators.services.mapping.FileMapping` that
the command reads as well.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils.functional import cached_property, lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy as _

from indicators.services.guessing import MOST_TYPES, Column, Guess
from indicators.services.mapping import FileMapping, LongEvents, WideEvent

WIDE, LONG = "wide", "long"
ISO = "iso"
ENCODINGS = {
    "utf-8-sig": "UTF-8",
    "cp1252": "Windows (cp1252)",
    "latin-1": "Latin-1 (ISO 8859-1)",
    "utf-16": "UTF-16",
}
DELIMITERS = {
    ",": _("Comma ,"),
    ";": _("Semicolon ;"),
    "\t": _("Tab"),
    "|": _("Bar |"),
}
DECIMALS = {",": _("Comma: 7,5"), ".": _("Point: 7.5")}
THOUSANDS = {
    "": _("Nothing: 12000"),
    ".": _("Point: 12.000"),
    ",": _("Comma: 12,000"),
    " ": _("Space: 12 000"),
    "'": _("Apostrophe: 12'000"),
}
DAY_FIRST, MONTH_FIRST, YEAR_FIRST = _("day first"), _("month first"), _("year first")
# An instant that shows which of its parts is which.
EXAMPLE = datetime(2026, 1, 31, 16, 45, 30)  # noqa: DTZ001 -- only written


class UploadForm(forms.Form):
    """A file of events."""

    file = forms.FileField(
        label=_("File"),
        help_text=format_lazy(
            _(
                "A table (CSV), a workbook (XLSX), NDJSON or an event log (XES), "
                "up to {size}."
            ),
            size=lazy(filesizeformat, str)(settings.UPLOAD_MAX_BYTES),
        ),
    )


@dataclass(frozen=True, slots=True)
class TypeRow:
    """The fields of a type of event in a table with a line for each case."""

    type: str
    at: forms.BoundField
    value: forms.BoundField | None


class ColumnsForm(forms.Form):
    """
    What the columns of a file are.

    :param guess: what was guessed of the file; its columns are those to choose from.
    :param start: the mapping that is filled in: the guess, or one that was kept.
    :param types: those that the stream declares; ``attributes`` likewise.
    :param kind: of the file, see :class:`indicators.services.samples.Sample`.
    :param shown: what was typed so far, where it is only to be shown again.
    """

    layout = forms.ChoiceField(
        choices=[(WIDE, ""), (LONG, "")], widget=forms.HiddenInput, initial=WIDE
    )
    case = forms.ChoiceField(
        label=_("Case"),
        help_text=_("The column that says which case, file or request a line is of."),
    )
    type = forms.ChoiceField(
        label=_("Type of event"), help_text=_("The column that says what happened.")
    )
    at = forms.ChoiceField(
        label=_("Date"), help_text=_("The column that says when it happened.")
    )
    value = forms.ChoiceField(
        label=_("Value"),
        required=False,
        help_text=_("The column of a number that was measured, such as a score."),
    )
    other = forms.ChoiceField(
        label=_("Lines of any other type"),
        choices=[
            ("keep", _("Refuse them, and list them as errors")),
            ("skip", _("Leave them out")),
        ],
    )
    id = forms.ChoiceField(
        label=_("Identifier of the event"),
        required=False,
        help_text=_("Only if the file has a column that numbers every event."),
    )
    datetime_format = forms.ChoiceField(
        label=_("How dates are written"),
        error_messages={
            "required": _(
                "The file does not tell whether the day or the month comes first: say it."
            )
        },
    )
    attributes = forms.MultipleChoiceField(
        label=_("Columns that are kept with each event"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only columns with the name of an attribute of the feed."),
    )
    encoding = forms.ChoiceField(label=_("Letters"), choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(
        label=_("Between columns"), choices=list(DELIMITERS.items())
    )
    missing = forms.CharField(
        label=_("What stands for nothing"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, for example - or ? An empty cell always does."),
    )
    decimal = forms.ChoiceField(label=_("Decimals"), choices=list(DECIMALS.items()))
    thousands = forms.ChoiceField(
        label=_("Thousands"), required=False, choices=list(THOUSANDS.items())
    )
    timezone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        help_text=_("Of dates that do not say theirs, for example Europe/Madrid."),
    )
    save_as = forms.CharField(
        label=_("Keep these answers for the next file, under the name"),
        max_length=80,
        required=False,
        help_text=_("They are offered again when a file has the same columns."),
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        guess: Guess,
        start: FileMapping,
        types: Sequence[str],
        attributes: Sequence[str],
        kind: str,
        shown: QueryDict | None = None,
    ) -> None:
        self.guess = guess
        self.start = start
        self.types = list(types)
        self.kind = kind
        self.layout_now = LONG if start.long else WIDE
        typed = shown if data is None else data
        asked = typed.get("layout") if typed is not None else None
        if asked in {WIDE, LONG}:
            self.layout_now = str(asked)
        initial = self._initial()
        if data is not None:
            data = self._completed(data, initial)
        if shown is not None:
            initial |= shown.dict() | {"attributes": shown.getlist("attributes")}
        super().__init__(data, initial=initial)
        self._choose_columns(attributes)
        self._choose_formats()
        self._add_types()
        self._leave_out()

    # What is filled in.

    def _initial(self) -> dict[str, Any]:
        start = self.start
        known = not self.guess.open_formats or start is not self.guess.mapping
        return {
            "layout": self.layout_now,
            "case": start.case,
            "id": start.id,
            "datetime_format": (start.datetime_format or ISO) if known else "",
            "attributes": [*start.attributes, *start.instants],
            "encoding": start.encoding,
            "delimiter": start.delimiter,
            "missing": "\n".join(sorted(start.missing - {""})),
            "decimal": start.decimal,
            "thousands": start.thousands,
            "timezone": start.zone.key,
            **self._initial_events(),
        }

    def _initial_events(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self.start.wide:
            if event.type in self.types:
                number = self.types.index(event.type)
                found[f"at-{number}"] = event.at
                found[f"value-{number}"] = event.value
        long = self.start.long
        if long is None and self.is_long:
            dated = [column.name for column in self.readable if column.dated]
            found |= {"at": dated[0]} if dated else {}
            found["other"] = "keep"
        if long is not None:
            found |= {"type": long.type, "at": long.at, "value": long.value}
            found["other"] = long.other
            found |= {_name_of(text): type_ for text, type_ in long.types.items()}
        return found

    def _completed(self, data: QueryDict, initial: dict[str, Any]) -> QueryDict:
        """Fill in what the page did not ask because it showed the other layout."""
        data = data.copy()
        for name, found in initial.items():
            if name not in data and isinstance(found, str) and found:
                data[name] = found
        return data

    # What can be chosen.

    @cached_property
    def readable(self) -> list[Column]:
        """Return the columns that may be read."""
        return [column for column in self.guess.columns if column.personal is None]

    def _choose_columns(self, attributes: Sequence[str]) -> None:
        names = [column.name for column in self.readable]
        dated = [column.name for column in self.readable if column.dated]
        numbers = [column.name for column in self.readable if column.number]
        nothing = [("", gettext("No column"))]
        for name, found in (
            ("case", names),
            ("type", names),
            ("at", dated or names),
            ("value", numbers),
            ("id", names),
        ):
            kept = self.initial.get(name) or ""
            more = [kept] if kept and kept not in found else []
            field = cast(forms.ChoiceField, self.fields[name])
            first = [("", gettext("Choose a column"))] if field.required else nothing
            field.choices = [*first, *_same([*found, *more])]
        cast(forms.MultipleChoiceField, self.fields["attributes"]).choices = _same(
            name for name in names if name in attributes
        )
        self._dated, self._numbers = dated, numbers

    def _choose_formats(self) -> None:
        found = {form for column in self.readable for form in column.formats}
        found |= {self.start.datetime_format, *self.guess.open_formats} - {""}
        forms_found = sorted(found - {"", "period"})
        both = {_turned(form) for form in forms_found} | set(forms_found)
        choices = (
            [("", gettext("Choose"))] if not self.initial["datetime_format"] else []
        )
        choices += [(form, _format_words(form)) for form in sorted(both)]
        choices.append((ISO, gettext("2026-01-31, also with the time (ISO 8601)")))
        choices.append(("period", gettext("Periods: 2026, 2026-Q1, 2026-01")))
        cast(forms.ChoiceField, self.fields["datetime_format"]).choices = choices

    def _add_types(self) -> None:
        nothing = ("", gettext("It is not in the file"))
        for number, type_ in enumerate(self.types):
            self.fields[f"at-{number}"] = forms.ChoiceField(
                label=gettext("Date of “%(type)s”") % {"type": type_},
                required=False,
                choices=[nothing, *_same(self._dated)],
            )
            self.fields[f"value-{number}"] = forms.ChoiceField(
                label=gettext("Value of “%(type)s”") % {"type": type_},
                required=False,
                choices=[("", gettext("No column")), *_same(self._numbers)],
            )
        left_out = ("", gettext("Like any other type"))
        for text in self.texts:
            self.fields[_name_of(text)] = forms.ChoiceField(
                label=text,
                required=False,
                choices=[left_out, *_same(self.types)],
            )

    def _leave_out(self) -> None:
        """Take away what the page does not ask."""
        out = {"delimiter"} if self.kind != "csv" else set()
        if self.kind not in {"csv", "ndjson"}:
            out.add("encoding")
        if self.layout_now == WIDE:
            out |= {"type", "at", "value", "other", "id", *map(_name_of, self.texts)}
        else:
            out |= {name for name in self.fields if name.startswith(("at-", "value-"))}
        if not self._numbers:
            out |= {name for name in self.fields if name.startswith("value")}
        for name in out:
            del self.fields[name]

    @cached_property
    def texts(self) -> list[str]:
        """Return what the column of types says, in the order of its first lines."""
        name = self.data.get("type") or self.initial.get("type")
        column = next((item for item in self.readable if item.name == name), None)
        texts = list(dict.fromkeys(column.texts)) if column else []
        return texts[:MOST_TYPES]

    # How the page shows it.

    @property
    def is_long(self) -> bool:
        """Say whether the file has a line for each event."""
        return self.layout_now == LONG

    def type_rows(self) -> Iterator[TypeRow]:
        """Yield the fields of each type, in a table with a line for each case."""
        for number, type_ in enumerate(self.types):
            value = f"value-{number}"
            yield TypeRow(
                type_,
                self[f"at-{number}"],
                self[value] if value in self.fields else None,
            )

    def text_fields(self) -> list[forms.BoundField]:
        """Return a field for each text of the column of types."""
        return [self[_name_of(text)] for text in self.texts]

    def dress_fields(self) -> list[forms.BoundField]:
        """Return the fields that say how the file is written."""
        names = ("encoding", "delimiter", "missing", "decimal", "thousands", "timezone")
        return [self[name] for name in names if name in self.fields]

    # What was said.

    def clean_timezone(self) -> str:
        """Return the name of a time zone that exists."""
        name = str(self.cleaned_data["timezone"])
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValidationError(_("There is no such time zone.")) from error
        return name

    def clean(self) -> dict[str, Any]:
        """Make sure that something happens in the file."""
        cleaned = self.cleaned_data
        if not self.is_long and not self._wide():
            raise ValidationError(
                _("Say for at least one type of event which column has its date.")
            )
        return cleaned

    def mapping(self) -> FileMapping:
        """Return what was said as a mapping."""
        said = self.cleaned_data
        kept = said["attributes"]
        form = said["datetime_format"]
        return FileMapping(
            zone=ZoneInfo(said["timezone"]),
            case=said["case"],
            id=said.get("id", ""),
            attributes=tuple(name for name in kept if name not in self._dated),
            instants=tuple(name for name in kept if name in self._dated),
            encoding=said.get("encoding", "utf-8-sig"),
            delimiter=said.get("delimiter", ","),
            missing=frozenset({"", *said["missing"].splitlines()}),
            datetime_format="" if form == ISO else form,
            decimal=said["decimal"],
            thousands=said["thousands"],
            sheet=self.start.sheet,
            wide=() if self.is_long else self._wide(),
            long=self._long() if self.is_long else None,
        )

    def _wide(self) -> tuple[WideEvent, ...]:
        said = self.cleaned_data
        return tuple(
            WideEvent(type_, said[f"at-{number}"], said.get(f"value-{number}", ""))
            for number, type_ in enumerate(self.types)
            if said.get(f"at-{number}")
        )

    def _long(self) -> LongEvents:
        said = self.cleaned_data
        types = {text: said.get(_name_of(text)) for text in self.texts}
        return LongEvents(
            said["type"],
            said["at"],
            said.get("value", ""),
            {text: type_ for text, type_ in types.items() if type_},
            said["other"],
        )


def _same(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, name) for name in names]


def _name_of(text: str) -> str:
    """Return the name of the field for a text, the same wherever the text stands."""
    return f"t-{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:12]}"


def _turned(form: str) -> str:
    """Return a format with the day and the month in the other order."""
    if not form.startswith(("%d", "%m")):
        return form
    return form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def _format_words(form: str) -> str:
    orders = {"%d": DAY_FIRST, "%m": MONTH_FIRST}
    order = orders.get(form[:2], YEAR_FIRST)
    example = EXAMPLE.strftime(form).removesuffix("000")
    return f"{example} ({order})"
