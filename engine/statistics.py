"""
Statistics that give the same digits everywhere and for ever.

Shares and quantiles are fractions; what has a square root in it is a decimal,
computed with forty digits and rounded once, to ten decimals. No float takes part,
and the caller's decimal context does not matter.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    localcontext,
)
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

# 97.5th percentile of the normal distribution: a two-sided 95 % interval.
Z = Decimal("1.959963984540054")
CONFIDENCE = Decimal("0.95")
PI = Decimal("3.141592653589793238462643383279502884197169399375")

TEN_PLACES = Decimal("1e-10")
# The digits of a percentile of Student's distribution that are sure to be right.
TWENTY_PLACES = Decimal("1e-20")
# Newton's method doubles the right digits: after such a step, fifty are right.
NEGLIGIBLE = Decimal("1e-25")
WORKING = Context(prec=40, rounding=ROUND_HALF_EVEN)
# For sums of values as they are stored: rounding one would be an error, so it raises.
EXACT = Context(prec=100, traps=[Inexact, InvalidOperation])

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


class QuantileMethod(StrEnum):
    """
    How a quantile is read off between two values; names as NumPy has them.

    Source: Hyndman, R. J. and Fan, Y. (1996), The American Statistician 50, 361-365,
    whose type each comment gives.
    """

    LINEAR = "linear"  # 7: PostgreSQL's percentile_cont, spreadsheets' inclusive one
    WEIBULL = "weibull"  # 6: spreadsheets' exclusive one
    INVERTED_CDF = "inverted_cdf"  # 1: nearest rank, PostgreSQL's percentile_disc
    AVERAGED_INVERTED_CDF = "averaged_inverted_cdf"  # 2
    CLOSEST_OBSERVATION = "closest_observation"  # 3
    HAZEN = "hazen"  # 5
    MEDIAN_UNBIASED = "median_unbiased"  # 8
    LOWER = "lower"  # the value below the linear one
    HIGHER = "higher"  # the value above it
    NEAREST = "nearest"  # the nearer of the two; half way, the one of even index


@dataclass(frozen=True, slots=True)
class NetPromoterScore:
    """
    Promoters less detractors, in points from -100 to 100; nothing over no answers.

    :ivar standard_error: of the score, by the multinomial distribution.
    :ivar low: lower end of the 95 % interval.
    :ivar high: upper end.
    """

    value: Fraction | None
    standard_error: Decimal | None
    low: Decimal | None
    high: Decimal | None


def wilson(
    numerator: Fraction, denominator: Fraction
) -> tuple[Decimal, Decimal] | tuple[None, None]:
    """
    95 % score interval of a share, in percent, to ten decimals.

    Source: Wilson, E. B. (1927), JASA 22, 209-212, without continuity correction.
    """
    if not denominator:
        return None, None
    with localcontext(WORKING):
        n = _decimal(denominator)
        share = _decimal(numerator) / n
        centre = share + Z * Z / (2 * n)
        spread = Z * (share * (1 - share) / n + Z * Z / (4 * n * n)).sqrt()
        scale = 1 + Z * Z / n
        low = max(Decimal(0), (centre - spread) / scale)
        high = min(Decimal(1), (centre + spread) / scale)
        return (low * 100).quantize(TEN_PLACES), (high * 100).quantize(TEN_PLACES)


def quantile(
    values: Sequence[Decimal],
    share: Fraction,
    method: QuantileMethod = QuantileMethod.LINEAR,
) -> Fraction:
    """
    Return the value that a share of the values does not exceed.

    :param values: in any order.
    :param share: from 0 to 1.
    :raises IndexError: if there are no values.
    :raises ValueError: if ``share`` is not from 0 to 1.
    """
    if not 0 <= share <= 1:
        msg = f"a share lies between 0 and 1: {share}"
        raise ValueError(msg)
    ordered = sorted(values)
    last = len(ordered) - 1
    place = min(
        max(RANKS[method](len(ordered), share) - 1, Fraction(0)), Fraction(last)
    )
    below = math.floor(place)
    low, high = Fraction(ordered[below]), Fraction(ordered[min(below + 1, last)])
    return low + (high - low) * (place - below)


def nps(promoters: int, passives: int, detractors: int) -> NetPromoterScore:
    """
    Return the net promoter score with its standard error and 95 % interval.

    The interval is the normal one, cut at the ends of the scale: 100 is the most
    that a score can be. It has no width where all answers are of one group.

    :param promoters: answers of 9 and 10 on the scale from 0 to 10.
    :param passives: answers of 7 and 8.
    :param detractors: answers from 0 to 6.

    Source: variance of the difference of two shares of one multinomial sample,
    (p + d - (p - d)²) / n.
    """
    n = promoters + passives + detractors
    if not n:
        return NetPromoterScore(None, None, None, None)
    net = Fraction(promoters - detractors, n)
    variance = (Fraction(promoters + detractors, n) - net * net) / n
    with localcontext(WORKING):
        value = _decimal(100 * net)
        error = 100 * _decimal(variance).sqrt()
        low = max(Decimal(-100), value - Z * error)
        high = min(Decimal(100), value + Z * error)
        return NetPromoterScore(
            100 * net,
            error.quantize(TEN_PLACES),
            low.quantize(TEN_PLACES),
            high.quantize(TEN_PLACES),
        )


def nps_interval(
    promoters: int, passives: int, detractors: int
) -> tuple[Decimal, Decimal] | tuple[None, None]:
    """95 % interval of a net promoter score, to ten decimals; see :func:`nps`."""
    score = nps(promoters, passives, detractors)
    if score.low is None or score.high is None:
        return None, None
    return score.low, score.high


def sample_deviation(
    n: int, total: Fraction, total_of_squares: Fraction
) -> Decimal | None:
    """
    Return the standard deviation of a sample, over n - 1, to ten decimals.

    :param total: sum of the values.
    :param total_of_squares: sum of their squares.
    :returns: ``None`` for fewer than two values.
    :raises ValueError: if no ``n`` numbers have such sums.
    """
    if n < 2:
        return None
    with localcontext(WORKING):
        return (
            _decimal(_variance(n, total, total_of_squares)).sqrt().quantize(TEN_PLACES)
        )


def mean_interval(
    n: int, total: Fraction, total_of_squares: Fraction
) -> tuple[Decimal, Decimal] | tuple[None, None]:
    """
    95 % interval of a mean by Student's t, to ten decimals.

    It knows no scale: few and uneven scores can give an end beyond the best one.

    :param total: sum of the values.
    :param total_of_squares: sum of their squares.
    :returns: nothing for fewer than two values, which say nothing of their spread.
    :raises ValueError: if no ``n`` numbers have such sums.

    Source: Student (1908), Biometrika 6, 1-25.
    """
    if n < 2:
        return None, None
    with localcontext(WORKING):
        mean = _decimal(total / n)
        error = _decimal(_variance(n, total, total_of_squares) / n).sqrt()
        spread = student_t(n - 1) * error
        return (
            (mean - spread).quantize(TEN_PLACES),
            (mean + spread).quantize(TEN_PLACES),
        )


@lru_cache(maxsize=4096)
def student_t(df: int) -> Decimal:
    """
    97.5th percentile of Student's distribution, to twenty decimals.

    With the density f and the probability A(t) between -t and t,

        A(t) = 2 t f(t) S(t),  S(t) = sum of ((df + 1) / 2)_k / (3 / 2)_k * y^k,
        y = t² / (df + t²),

    where all terms are positive, so nothing cancels. A is concave: Newton's steps
    from the normal percentile rise to the answer and never pass it.

    :param df: degrees of freedom, from 1.
    :raises ValueError: if there are none.

    Source: Abramowitz, M. and Stegun, I. A. (1964), 26.5.2, 26.7.1 and 15.3.4.
    """
    if df < 1:
        msg = f"no degrees of freedom: {df}"
        raise ValueError(msg)
    with localcontext(WORKING):
        a = Decimal(df + 1) / 2
        peak = 1 / (Decimal(df).sqrt() * _beta(df))
        t = Z
        while True:
            squared = t * t
            density = peak / ((1 + squared / df) ** (df + 1)).sqrt()
            series = _series(a, squared / (df + squared))
            step = CONFIDENCE / (2 * density) - t * series
            t += step
            if abs(step) < NEGLIGIBLE:
                return t.quantize(TWENTY_PLACES)


def _series(a: Decimal, y: Decimal) -> Decimal:
    """Sum a (a + 1) ... y^k / (3/2 (3/2 + 1) ...) until a term changes nothing."""
    total = term = Decimal(1)
    below = Decimal("1.5")
    while True:
        term *= a * y / below
        if total + term == total:
            return total
        total += term
        a += 1
        below += 1


def _beta(df: int) -> Decimal:
    """
    Return the beta function of 1/2 and df/2.

    Step by step from that of 1/2 or 1; for many degrees of freedom by the expansion
    of a ratio of gamma functions, of which the terms left out are below 1e-29.

    Source: Tricomi, F. G. and Erdélyi, A. (1951), Pacific J. Math. 1, 133-142.
    """
    if df > 1000:
        x = Decimal(2 * df - 1) / 4
        squared = (8 * x) ** 2
        tail = Decimal(0)
        for coefficient in (45081, -671, 21, -2):
            tail = (tail + coefficient) / squared
        return (PI / x).sqrt() * (1 + tail / 2)
    value = PI if df % 2 else Decimal(2)
    for k in range(2 - df % 2, df, 2):
        value = value * k / (k + 1)
    return value


def _variance(n: int, total: Fraction, total_of_squares: Fraction) -> Fraction:
    variance = (total_of_squares - total * total / n) / (n - 1)
    if variance < 0:
        msg = "no numbers have such a sum and such a sum of squares"
        raise ValueError(msg)
    return variance


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _averaged(n: int, share: Fraction) -> Fraction:
    rank = n * share
    return rank + HALF if rank.denominator == 1 else Fraction(math.ceil(rank))


# The rank, from 1, at which each method reads; between two ranks it interpolates.
RANKS: Mapping[QuantileMethod, Callable[[int, Fraction], Fraction]] = {
    QuantileMethod.LINEAR: lambda n, share: 1 + (n - 1) * share,
    QuantileMethod.WEIBULL: lambda n, share: (n + 1) * share,
    QuantileMethod.INVERTED_CDF: lambda n, share: Fraction(math.ceil(n * share)),
    QuantileMethod.AVERAGED_INVERTED_CDF: _averaged,
    QuantileMethod.CLOSEST_OBSERVATION: lambda n, share: Fraction(round(n * share)),
    QuantileMethod.HAZEN: lambda n, share: n * share + HALF,
    QuantileMethod.MEDIAN_UNBIASED: lambda n, share: (n + THIRD) * share + THIRD,
    QuantileMethod.LOWER: lambda n, share: Fraction(1 + math.floor((n - 1) * share)),
    QuantileMethod.HIGHER: lambda n, share: Fraction(1 + math.ceil((n - 1) * share)),
    QuantileMethod.NEAREST: lambda n, share: Fraction(1 + round((n - 1) * share)),
}
