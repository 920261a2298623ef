"""Every page, an area a file: its path, its view, its roles, its name."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path

from indicators.web.urls import (
    account,
    audit,
    campaigns,
    collections,
    detections,
    first_run,
    indicators,
    matches,
    notices,
    overview,
    peers,
    people,
    proofs,
    referrals,
    reviews,
    settings,
    submissions,
)
from indicators.web.views import public

urlpatterns: list[URLPattern] = [
    path("", login_not_required(public.welcome), name="welcome"),
    path("schemas/<str:name>", login_not_required(public.extension_schema), name="schema"),
    *overview.paths,
    *campaigns.paths,
    *indicators.paths,
    *proofs.paths,
    *referrals.paths,
    *submissions.paths,
    *reviews.paths,
    *matches.paths,
    *detections.paths,
    *peers.paths,
    *collections.paths,
    *settings.paths,
    *people.paths,
    *account.paths,
    *audit.paths,
    *notices.paths,
    *first_run.paths,
]
