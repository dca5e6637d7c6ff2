"""What the database does for us."""

import pytest
from django.db import connection


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Tràmits", "tramits"),
        ("L'ÀNIMA çaÇa", "l'anima caca"),
        ("più perché", "piu perche"),
        ("Ñandú", "nandu"),
        ("pinguïns i l·l", "pinguins i l·l"),
        ("e\u0301", "e"),
        ("", ""),
    ],
)
def test_folding_takes_case_and_accents_away(text, folded):
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_fold(%s)", [text])
        assert cursor.fetchone()[0] == folded
