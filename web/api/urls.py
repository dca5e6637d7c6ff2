"""Addresses of the api pages."""

from django.urls import URLPattern

app_name = "api"
urlpatterns: list[URLPattern] = []
