"""
Saying what became of a case, and why: the promise, the events, the clock, the days.

:func:`explain_case` asks :func:`engine.cases.judge` for the outcome and never works
one out by itself. What it adds is read with the same functions that the judge reads
with, so that an explanation cannot say something else than the figure it explains.

``docs/explanations.md`` and ``docs/formats/explanation.schema.json`` describe the
JSON form (:func:`as_json`).
"""

from engine.explanations.deadlines import (
    TooManyDaysError,
    explain_deadline,
    instant_at,
)
from engine.explanations.explaining import crowded, explain_case
from engine.explanations.findings import (
    CaseExplanation,
    Checked,
    Crowd,
    Finding,
    Ignored,
    LimitFound,
    PauseFound,
    Timing,
    Use,
    UsedEvent,
)
from engine.explanations.telling import as_json

__all__ = [
    "CaseExplanation",
    "Checked",
    "Crowd",
    "Finding",
    "Ignored",
    "LimitFound",
    "PauseFound",
    "Timing",
    "TooManyDaysError",
    "Use",
    "UsedEvent",
    "as_json",
    "crowded",
    "explain_case",
    "explain_deadline",
    "instant_at",
]
