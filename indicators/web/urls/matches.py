"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ANALYST, REVIEWER, page
from indicators.web.views import matches

paths: list[URLPattern] = [
    path("matches/", page(matches.queue, ANALYST, REVIEWER), name="matches"),
    path("matches/preview/", page(matches.preview, ANALYST), name="matches-preview"),
    path("matches/decide/", page(matches.decide, ANALYST), name="matches-decide"),
    path("matches/undo/", page(matches.undo, ANALYST), name="matches-undo"),
    path("matches/<uuid:uuid>/", page(matches.match, ANALYST, REVIEWER), name="match"),
]
