"""An indicator that nothing measures, and values of it, in few words."""

from datetime import date
from decimal import Decimal
from typing import Any

from accounts.models import Organisation, User
from engine.declared import Declared
from engine.periods import Period, parse_period
from indicators.models import Indicator, ManualValue
from indicators.services import declared
from tests import builders
from tests.builders import NOW

TODAY = date(2026, 11, 2)
SOURCE = {"ca": "Registre de la biblioteca", "es": "Registro de la biblioteca"}


def by_hand(code: str = "IND-2", **changes: Any) -> dict[str, Any]:
    """A quarterly share of which no feed tells."""
    return builders.indicator(
        code,
        **(
            {
                "name": builders.text("Answered, by hand"),
                "period": "quarter",
                "stream": None,
                "calendar": None,
                "rule": {"declared": True},
            }
            | changes
        ),
    )


def quarter(label: str = "2026-Q1") -> Period:
    found = parse_period(label)
    assert found is not None
    return found


def share(numerator: int, denominator: int) -> Declared:
    return Declared(
        denominator, numerator=Decimal(numerator), denominator=Decimal(denominator)
    )


def declare(
    *,
    by: User,
    said: Declared | None = None,
    period: str = "2026-Q1",
    indicator: str = "IND-2",
    **changes: Any,
) -> ManualValue:
    return declared.declare(
        **(
            {
                "indicator": Indicator.objects.get(code=indicator),
                "period": quarter(period),
                "said": said or share(97, 100),
                "source": SOURCE,
                "source_on": date(2026, 4, 10),
                "document": "EXP-2026/77",
                "cause": "",
                "corrects": None,
                "by": by,
                "today": TODAY,
                "at": NOW,
            }
            | changes
        )
    )


def two_people(town: Organisation) -> tuple[User, User]:
    """Who enters and who confirms."""
    return (
        builders.person("DATA_STEWARD", of=town),
        builders.person("MANAGER", of=town),
    )
