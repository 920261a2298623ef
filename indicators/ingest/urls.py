"""Paths of the ingest door."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
