"""
How much of a charter is kept: counts, and both degrees with what they are made of.

Never an averaged score, and never a percentage without its two numbers (R-28).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _, ngettext

from engine.compliance import Degrees, degrees
from indicators.queries.computing import stored
from web.presenters.numbers import PERCENT, number, quantity, rounded
from web.presenters.standing import DECLARED, count_words

EVERYTHING = Fraction(100)


@dataclass(frozen=True, slots=True)
class DegreesView:
    """
    A charter's commitments by how they stand.

    :ivar sentence: met, not met, without a verdict, declared, of all. What is declared
        is shown apart and never counts as kept.
    :ivar of_total: met of all, ``of_evaluated``: met of those with a verdict; empty
        over nothing.
    :ivar rank: the share met of those with a verdict, to put the worst first.
    """

    sentence: str
    of_total: str
    of_evaluated: str
    rank: Fraction


def degrees_view(statuses: Iterable[str]) -> DegreesView:
    """Put how commitments stand into words; see :func:`engine.compliance.degrees`."""
    found = degrees(statuses)
    evaluated = found.met + found.unmet
    other = sum(found.other.values())
    return DegreesView(
        sentence=_sentence(found, evaluated + other),
        of_total=_degree(
            found.of_total,
            ngettext(
                "%(met)s of %(n)s commitment: %(degree)s",
                "%(met)s of %(n)s commitments: %(degree)s",
                evaluated + other,
            ),
            found.met,
            evaluated + other,
        ),
        of_evaluated=_degree(
            found.of_evaluated,
            ngettext(
                "%(met)s of %(n)s with a verdict: %(degree)s",
                "%(met)s of %(n)s with a verdict: %(degree)s",
                evaluated,
            ),
            found.met,
            evaluated,
        ),
        rank=EVERYTHING if found.of_evaluated is None else found.of_evaluated,
    )


def _sentence(found: Degrees, total: int) -> str:
    declared = found.other.get(DECLARED, 0)
    parts = {
        "met": count_words("met", found.met),
        "unmet": count_words("unmet", found.unmet),
        "other": count_words("not_evaluated", sum(found.other.values()) - declared),
        "declared": count_words(DECLARED, declared),
        "total": number(total),
    }
    if declared:
        # Translators: each part is such as "4 met", "2 declared, not measured".
        return _("%(met)s, %(unmet)s, %(other)s, %(declared)s, of %(total)s") % parts
    # Translators: each part is such as "4 met", "1 not met", "2 not evaluated".
    return _("%(met)s, %(unmet)s, %(other)s, of %(total)s") % parts


def _degree(degree: Fraction | None, words: str, met: int, n: int) -> str:
    if degree is None:
        return ""
    # Whatever is not all is never shown as 100 %.
    shown = rounded(stored(degree), comparator=">=", target=Decimal(100))
    return words % {
        "met": number(met),
        "n": number(n),
        "degree": quantity(shown, PERCENT),
    }
