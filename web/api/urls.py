"""Addresses of the interface for machines."""

from django.urls import path, re_path

from web.api import deadline, deliveries, events, explanations, openapi, problems

app_name = "api"
urlpatterns = [
    path(
        "organisations/<slug:organisation>/streams/<str:stream>/events",
        events.events,
        name="events",
    ),
    path(
        "organisations/<slug:organisation>/streams/<str:stream>/sources/<str:source>",
        deliveries.deliver,
        name="deliver",
    ),
    path("deadline", deadline.deadline, name="deadline"),
    path(
        "indicators/<slug:organisation>/<str:indicator>/cases/<path:case>/explanation",
        explanations.explanation,
        name="explanation",
    ),
    path("openapi.json", openapi.openapi, name="openapi"),
    # "path:" would let an address with a line end through to the page for people.
    re_path(r"^(?P<path>[\s\S]*)\Z", problems.not_found, name="not-found"),
]
