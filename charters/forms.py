"""
Forms over a draft: its head and its sections, texts in one language at a time.

Forms check what was typed and hand over values; they never write.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy as _

from charters.enums import RESERVED_SLUGS, Audience, Scope
from charters.rules import FieldKind, Section, SectionField
from core.text import LANGUAGES, Words, clean_text, words

LONGEST_TEXT = 20_000
EXTRA_ROWS = 2
LANGUAGE_NAMES = {
    "ca": _("Catalan"),
    "es": _("Spanish"),
    "it": _("Italian"),
    "en": _("English"),
}
code_validator = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
    _("Use letters without accents, digits, points, hyphens and underscores."),
)


def code_field(**options: Any) -> forms.CharField:
    """Return a field for a code of the charter exchange format."""
    return forms.CharField(max_length=40, validators=[code_validator], **options)


def text_field(*, label: Any, rows: int = 4, **options: Any) -> forms.CharField:
    """Return a field for one language of a translated text."""
    options.setdefault("required", False)
    return forms.CharField(
        label=label,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": rows}),
        **options,
    )


def line_field(*, label: Any, **options: Any) -> forms.CharField:
    """Return a one-line field for one language of a translated text."""
    options.setdefault("required", False)
    return forms.CharField(label=label, max_length=500, **options)


def day_field(*, label: Any, **options: Any) -> forms.DateField:
    """Return a field for a day; the browser brings its own calendar."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, **options)


@dataclass(frozen=True, slots=True)
class FormRow:
    """
    A field with what stands beside it.

    :ivar source: the text in the language that the charter is written in.
    :ivar saved: what somebody else saved meanwhile, if it is something else.
    """

    field: forms.BoundField
    source: Words | None
    saved: str | None


class DraftForm(forms.Form):
    """
    A form over one thing of a draft.

    :ivar texts: names of the fields that hold translated texts; they are edited in
        one language, and the others are kept.
    :param stored: what the draft holds now, by field name.
    :param revision: the draft's revision, which comes back with the form.
    :param conflict: somebody else saved first: show what they wrote.
    """

    texts: ClassVar[tuple[str, ...]] = ()
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        stored: Mapping[str, Any],
        revision: int,
        language: str,
        source: str,
        conflict: bool = False,
    ) -> None:
        self.stored = stored
        self.language = language
        self.source = source
        self.conflict = conflict
        if data is not None and conflict:
            data = data.copy()
            data["revision"] = str(revision)
        super().__init__(
            data,
            initial={"revision": revision}
            | {name: self._shown(name) for name in self.base_fields if name in stored},
        )
        for name in self.texts:
            self.fields[name].widget.attrs["lang"] = language

    def _shown(self, name: str) -> Any:
        value = self.stored[name]
        return (value or {}).get(self.language, "") if name in self.texts else value

    def values(self) -> dict[str, Any]:
        """Return what is to be stored, translated texts whole."""
        return {
            name: merged(self.stored.get(name), self.language, value)
            if name in self.texts
            else value
            for name, value in self.cleaned_data.items()
            if name != "revision"
        }

    def rows(self) -> Iterator[FormRow]:
        """Yield the visible fields with what stands beside them."""
        for bound in self.visible_fields():
            yield self.row(bound.name)

    def row(self, name: str) -> FormRow:
        """Return one field with what stands beside it."""
        source = None
        if name in self.texts and self.language != self.source:
            original = (self.stored.get(name) or {}).get(self.source, "")
            source = Words(original, self.source) if original else None
        return FormRow(self[name], source, self._saved(self[name]))

    def _saved(self, bound: forms.BoundField) -> str | None:
        if not self.conflict or not bound.field.has_changed(bound.initial, bound.data):
            return None
        return displayed(bound.field, bound.initial) or gettext("(empty)")


def merged(stored: Any, language: str, value: str) -> dict[str, str]:
    """Return a translated text with one language replaced."""
    return clean_text({**(stored or {}), language: value})


def displayed(field: forms.Field, value: Any) -> str:
    """Return a stored value in words, as its field would show it."""
    if isinstance(field, forms.ChoiceField):
        several = isinstance(field, forms.MultipleChoiceField)
        chosen = {str(item) for item in (value or [] if several else [value])}
        choices = cast(Iterable[tuple[Any, Any]], field.choices)
        return ", ".join(str(label) for code, label in choices if str(code) in chosen)
    value = field.prepare_value(value)
    return "" if value is None else str(value)


class NewCharterForm(forms.Form):
    """What a charter needs in order to begin."""

    title = forms.CharField(label=_("Title"), max_length=200)
    language = forms.ChoiceField(
        label=_("Language you will write it in"),
        choices=list(LANGUAGE_NAMES.items()),
        help_text=_("You can translate it later."),
    )
    slug = forms.SlugField(
        label=_("Short name in addresses"),
        max_length=80,
        help_text=_("For example “library”. It cannot be changed later."),
    )
    scope = forms.ChoiceField(
        label=_("What it speaks for"), choices=Scope.choices, initial=Scope.SERVICE
    )
    audience = forms.ChoiceField(
        label=_("Whom it promises something to"),
        choices=Audience.choices,
        initial=Audience.EXTERNAL,
    )

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED_SLUGS:
            raise forms.ValidationError(_("This short name is one of our own."))
        return slug


class EvidenceForm(forms.Form):
    """The act by which an edition is approved, as it read when the form was opened."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    authority = forms.CharField(
        label=_("Authority that approved it"),
        max_length=200,
        help_text=_("For example: the full council, the mayor."),
    )
    act_number = forms.CharField(
        label=_("Number of the act"), max_length=80, required=False
    )
    act_on = forms.DateField(
        label=_("Date of the act"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    gazette = forms.CharField(
        label=_("Official gazette"),
        max_length=200,
        required=False,
        help_text=_("Name, number and date, if it was published there."),
    )


class HeadForm(DraftForm):
    """Title, summary and validity of an edition."""

    texts = ("title", "summary")
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    summary = text_field(
        label=_("Summary"),
        help_text=_("One or two sentences, shown in the list of charters."),
    )
    valid_from = day_field(label=_("In force from"))
    valid_until = day_field(
        label=_("In force until, not included"),
        help_text=_("The first day on which it is no longer in force."),
    )
    source_language = forms.ChoiceField(
        label=_("Language it is written in"),
        choices=list(LANGUAGE_NAMES.items()),
        help_text=_("The other languages are translations of this one."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("valid_from"), cleaned.get("valid_until")
        if start and end and end <= start:
            self.add_error("valid_until", _("It must come after the first day."))
        return cleaned


# --- sections -------------------------------------------------------------------


class RowForm(forms.Form):
    """
    One entry of a list, in one language.

    ``kept`` brings back what the entry was when the form was opened, so that its
    other languages survive even if the list has changed meanwhile.
    """

    key: ClassVar[str]
    texts: ClassVar[tuple[str, ...]]
    kept = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, language: str, source: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.language = language
        self.source = source
        for name in self.texts:
            self.fields[name].widget.attrs["lang"] = language
        # An entry may wait for its translation, never for its own words.
        self.fields[self.texts[0]].required = language == source

    def clean_kept(self) -> dict[str, Any]:
        return _kept(self.cleaned_data["kept"])

    @property
    def removed(self) -> bool:
        """Whether the entry goes: ticked for removal, or never filled in."""
        typed = (
            self.cleaned_data.get(name)
            for name in self.fields
            if name not in {"kept", "DELETE"}
        )
        return bool(self.cleaned_data.get("DELETE")) or not any(typed)

    def source_words(self) -> list[tuple[str, str]]:
        """Return labels and words of the entry in the charter's own language."""
        if self.language == self.source:
            return []
        kept = _kept(str(self["kept"].value() or ""))
        return [
            (str(self.fields[name].label), kept[name][self.source])
            for name in self.texts
            if kept.get(name, {}).get(self.source)
        ]

    def entry(self, current: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """
        Return the entry to store.

        :param current: the stored list; the entry's other languages are taken from
            there if it is certain which of them this is.
        """
        kept = self.cleaned_data["kept"]
        same = [row for row in current if row.get(self.key) == kept.get(self.key)]
        base = same[0] if len(same) == 1 else kept
        return {
            name: merged(base.get(name), self.language, value)
            if name in self.texts
            else value
            for name, value in self.cleaned_data.items()
            if name not in {"kept", "DELETE"}
        }


def _kept(value: str) -> dict[str, Any]:
    try:
        kept = json.loads(value) if value else {}
    except ValueError:
        kept = {}
    if not isinstance(kept, dict):
        return {}
    return {
        name: _known_text(part) if isinstance(part, dict) else str(part)
        for name, part in kept.items()
    }


def _known_text(part: dict[str, Any]) -> dict[str, str]:
    return {code: str(part[code]) for code in LANGUAGES if part.get(code)}


class ServiceForm(RowForm):
    """One of the main services."""

    key = "code"
    texts = ("name", "description")
    code = code_field(label=_("Code"), help_text=_("For example S1."))
    name = line_field(label=_("Name of the service"))
    description = text_field(label=_("Description"), rows=2)


class NormForm(RowForm):
    """One of the norms that apply."""

    key = "reference"
    texts = ("title",)
    title = line_field(label=_("Title of the norm"))
    reference = forms.CharField(
        label=_("Reference"),
        max_length=200,
        required=False,
        help_text=_("For example Llei 39/2015."),
    )
    url = forms.URLField(label=_("Address"), required=False, assume_scheme="https")


if TYPE_CHECKING:
    RowFormSetBase = forms.BaseFormSet[RowForm]
else:  # Django's own class takes no parameters
    RowFormSetBase = forms.BaseFormSet


class RowFormSet(RowFormSetBase):
    """A list of entries; no two may have the same code."""

    def clean(self) -> None:
        seen = set()
        for form in self.forms:
            code = form.cleaned_data.get("code") if form.is_valid() else None
            if not code or form.removed:
                continue
            if code in seen:
                raise ValidationError(
                    _("The code %(code)s stands twice."), params={"code": code}
                )
            seen.add(code)

    def typed(self) -> list[dict[str, Any]]:
        """Return what was typed in every entry that is not blank, unchecked."""
        rows = [
            {name: form[name].value() for name in form.fields} for form in self.forms
        ]
        return [row for row in rows if any(row.values())]


ROW_FORMS: dict[FieldKind, type[RowForm]] = {
    FieldKind.SERVICES: ServiceForm,
    FieldKind.NORMS: NormForm,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """An error with the place it belongs to."""

    label: str
    message: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a section's page: a field, or a list of entries."""

    key: str
    label: Any
    row: FormRow | None = None
    rows: RowFormSet | None = None
    saved: tuple[str, ...] = ()


def _plain_field(field: SectionField) -> forms.Field:
    options: dict[str, Any] = {
        "label": field.label,
        "help_text": field.help_text,
        "required": False,
    }
    if field.kind is FieldKind.TEXT:
        return text_field(**options)
    if field.key == "email":
        return forms.EmailField(max_length=200, **options)
    if field.key == "web":
        return forms.URLField(max_length=500, assume_scheme="https", **options)
    return forms.CharField(max_length=500, **options)


class SectionEditor:
    """
    The form of one section: plain fields and lists of entries, saved together.

    Its interface is that of a :class:`DraftForm`.
    """

    def __init__(
        self,
        section: Section,
        data: QueryDict | None = None,
        *,
        stored: Mapping[str, Any],
        revision: int,
        language: str,
        source: str,
        conflict: bool = False,
    ) -> None:
        self.section = section
        self.stored = stored
        self.language = language
        self.source = source
        self.conflict = conflict
        self.revision = revision
        self.form = self._plain_form(data)
        self.lists = {
            field.key: self._rows(field, data)
            for field in section.fields
            if field.kind in ROW_FORMS
        }

    def _plain_form(self, data: QueryDict | None) -> DraftForm:
        plain = [field for field in self.section.fields if field.kind not in ROW_FORMS]
        form_class: type[DraftForm] = type(
            "SectionForm",
            (DraftForm,),
            {
                "texts": tuple(f.key for f in plain if f.kind is FieldKind.TEXT),
                **{field.key: _plain_field(field) for field in plain},
            },
        )
        return form_class(
            data,
            stored={field.key: self.stored.get(field.key) for field in plain},
            revision=self.revision,
            language=self.language,
            source=self.source,
            conflict=self.conflict,
        )

    def _rows(
        self,
        field: SectionField,
        data: QueryDict | None,
        typed: list[dict[str, Any]] | None = None,
        extra: int = EXTRA_ROWS,
    ) -> RowFormSet:
        form_class = ROW_FORMS[field.kind]
        factory = cast(
            type[RowFormSet],
            forms.formset_factory(
                form_class,
                formset=RowFormSet,
                extra=extra,
                can_delete=True,
                max_num=200,
                absolute_max=300,
            ),
        )
        initial = [
            {
                name: (part or {}).get(self.language, "")
                if name in form_class.texts
                else part
                for name, part in entry.items()
            }
            | {"kept": json.dumps(entry, ensure_ascii=False)}
            for entry in self.stored.get(field.key) or []
        ]
        rows = factory(
            data,
            prefix=field.key,
            initial=initial if typed is None else typed,
            form_kwargs={"language": self.language, "source": self.source},
        )
        for form in rows.forms:
            form.fields["DELETE"].label = _("Remove this entry")
        return rows

    def is_valid(self) -> bool:
        """Check everything, so that every error is shown at once."""
        return all(
            [self.form.is_valid(), *(rows.is_valid() for rows in self.lists.values())]
        )

    @property
    def cleaned_data(self) -> dict[str, Any]:
        return self.form.cleaned_data

    def with_more_rows(self) -> "SectionEditor":
        """Return the same form, as typed and unchecked, with more blank entries."""
        typed = {name: self.form[name].value() for name in self.form.fields}
        self.form = self._plain_form(None)
        self.form.initial = typed
        for field in self.section.fields:
            if field.kind in ROW_FORMS:
                rows = self.lists[field.key].typed()
                self.lists[field.key] = self._rows(field, None, rows, EXTRA_ROWS + 1)
        return self

    def values(self) -> dict[str, Any]:
        """Return the section's content to store, empty fields left out."""
        content = {**self.stored, **self.form.values()}
        for key, rows in self.lists.items():
            current = self.stored.get(key) or []
            content[key] = [
                form.entry(current) for form in rows.forms if not form.removed
            ]
        return {key: value for key, value in content.items() if value}

    def blocks(self) -> Iterator[Block]:
        """Yield the page's parts in the section's order."""
        for field in self.section.fields:
            if field.key in self.lists:
                rows = self.lists[field.key]
                yield Block(
                    field.key, field.label, rows=rows, saved=self._saved(field.key)
                )
            else:
                yield Block(field.key, field.label, row=self.form.row(field.key))

    def _saved(self, key: str) -> tuple[str, ...]:
        """Return what the list is now, if what was typed would make it another."""
        if not self.conflict or not self.is_valid():
            return ()
        if self.values().get(key, []) == (self.stored.get(key) or []):
            return ()
        return tuple(
            " · ".join(
                filter(
                    None,
                    (
                        words(part, self.language, source=self.source).text
                        if isinstance(part, dict)
                        else str(part)
                        for part in entry.values()
                    ),
                )
            )
            for entry in self.stored.get(key) or []
        ) or (gettext("(empty)"),)

    @cached_property
    def faults(self) -> list[Fault]:
        """List every error with the place it belongs to."""
        if not self.form.is_bound:
            return []
        found = form_faults(self.form)
        for key, rows in self.lists.items():
            found += [Fault("", str(error), key) for error in rows.non_form_errors()]
            for form in rows.forms:
                found += form_faults(form)
        return found


def form_faults(form: forms.Form) -> list[Fault]:
    return [
        Fault(str(bound.label), str(error), bound.id_for_label or f"{bound.auto_id}_0")
        for bound in form
        for error in bound.errors
    ]
