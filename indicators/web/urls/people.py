"""The paths of this area, and who may open each."""

from django.urls import URLPattern

paths: list[URLPattern] = []
