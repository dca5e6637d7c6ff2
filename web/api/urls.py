"""Addresses of the interface for machines."""

from django.urls import path

from web.api import deadline, events, explanations, openapi, problems

app_name = "api"
urlpatterns = [
    path(
        "organisations/<slug:organisation>/streams/<str:stream>/events",
        events.events,
        name="events",
    ),
    path("deadline", deadline.deadline, name="deadline"),
    path(
        "indicators/<slug:organisation>/<str:indicator>/cases/<path:case>/explanation",
        explanations.explanation,
        name="explanation",
    ),
    path("openapi.json", openapi.openapi, name="openapi"),
    path("<path:path>", problems.not_found, name="not-found"),
]
