"""Text in several languages."""

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override

from core.text import Words, clean_text, words


@pytest.mark.parametrize(
    ("text", "language", "source", "expected"),
    [
        ({"ca": "Hola", "es": "¡Hola!"}, "ca", "", ("Hola", "ca")),
        ({"ca": "Hola", "es": "¡Hola!"}, "en", "es", ("¡Hola!", "es")),
        ({"es": "¡Hola!", "it": "Ciao"}, "en", "ca", ("¡Hola!", "es")),
        ({"it": "Ciao"}, "ca", "", ("Ciao", "it")),
        ({"ca": "", "en": "Hello"}, "ca", "", ("Hello", "en")),
        ({}, "ca", "es", ("", "ca")),
        (None, "it", "", ("", "it")),
    ],
)
def test_the_reader_gets_words_and_the_language_they_are_in(
    text, language, source, expected
):
    found = words(text, language, source=source)
    assert found == Words(*expected)
    assert str(found) == expected[0]


def test_empty_translations_are_absent_ones():
    assert clean_text({"ca": " Hola ", "es": " ", "en": ""}) == {"ca": "Hola"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Hola", "object by language"),
        (None, "object by language"),
        ({"fr": "Salut"}, "Unknown language: fr"),
        ({"ca": 7}, "holds words"),
        ({"ca": None}, "holds words"),
    ],
)
def test_what_is_no_translated_text_is_refused(value, message):
    with override("en"):
        with pytest.raises(ValidationError) as caught:
            clean_text(value)
        assert message in caught.value.messages[0]
