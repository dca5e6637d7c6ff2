"""
Text in several languages.

A translated text is a JSON object from language code to words, for example
``{"ca": "Biblioteca", "es": "Biblioteca"}``. An absent language is an absent
translation, never an empty one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

LANGUAGES = ("ca", "es", "it", "en")

Text = dict[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """What a reader gets: the words and the language they are really in."""

    text: str
    language: str

    def __str__(self) -> str:
        return self.text


def words(text: Mapping[str, str] | None, language: str, *, source: str = "") -> Words:
    """
    Return the words for a reader of ``language``.

    Falls back to the source language, then to whatever language exists, and says
    which one it used, so that a page can mark the language of a passage
    (WCAG 3.1.2). Without any words the result is empty in the asked language.

    :param text: a translated text or ``None``.
    :param language: the reader's language code.
    :param source: the language the text was written in.
    """
    text = text or {}
    for code in (language, source, *LANGUAGES):
        if text.get(code):
            return Words(text[code], code)
    return Words("", language)


def clean_text(value: object) -> Text:
    """
    Return a translated text without empty entries.

    :raises ValidationError: if it is no mapping of known languages to strings.
    """
    if not isinstance(value, dict):
        raise ValidationError(_("A translated text is an object by language."))
    cleaned: Text = {}
    for code, content in value.items():
        if code not in LANGUAGES:
            raise ValidationError(
                _("Unknown language: %(code)s."), params={"code": code}
            )
        if not isinstance(content, str):
            raise ValidationError(_("A translated text holds words."))
        if content.strip():
            cleaned[code] = content.strip()
    return cleaned


class TextField(models.JSONField):
    """A translated text, stored as JSON; see the module's docstring."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", dict)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("validators", [clean_text])
        super().__init__(*args, **kwargs)
