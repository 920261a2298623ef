"""Campaigns, and the actors behind several of them."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from indicators.catalog.campaigns import campaigns as read_campaigns
from indicators.models import Role
from indicators.people.roles import roles_of
from indicators.pipeline.desk.showing import show_campaign
from indicators.reconcile.actors import actor as read_actor
from indicators.web.forms.campaigns import CampaignFilter
from indicators.web.keyset import Page, beside
from indicators.web.views.campaign_words import (
    actor_drawings,
    drawings,
    list_drawings,
    told_claims,
)

#: Larger objects are downloaded, not shown.
_MOST_RAW = 256 << 10
_WORKING = frozenset({Role.ANALYST, Role.REVIEWER})


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The list with its totals; a filter that makes no sense is said at the form."""
    form = CampaignFilter(request.GET)
    if not form.is_valid():
        return render(request, "web/campaigns/list.html", {"form": form}, status=400)
    found = read_campaigns(form.query())
    context = {
        "form": form,
        "found": found,
        "page": Page(found.rows, *beside(request, found.newer, found.older)),
        "charts": list_drawings(found.totals),
        "may_submit": Role.ANALYST in roles_of(request.user),
    }
    return render(request, "web/campaigns/list.html", context)


@require_safe
def campaign(request: HttpRequest, stix_id: str) -> HttpResponse:
    """One campaign, with everything that is held of it."""
    shown = show_campaign(stix_id)
    if shown is None:
        raise Http404("There is no such campaign here.")
    found = shown.campaign
    context = {
        "campaign": found,
        "versions": shown.versions,
        "delivered": shown.delivered,
        "is_raw_shown": found.byte_count <= _MOST_RAW,
        "claims": told_claims(found),
        "charts": drawings(found, timezone.now()),
        "may_refer": bool(_WORKING & roles_of(request.user)),
    }
    return render(request, "web/campaigns/campaign.html", context)


@require_safe
def actor(request: HttpRequest, number: UUID) -> HttpResponse:
    """What several organizations see of one actor; our own clusters for whom they are."""
    found = read_actor(number)
    if found is None:
        raise Http404("There is no such actor here.")
    sees_clusters = bool(_WORKING & roles_of(request.user))
    context = {
        "actor": found,
        "chart": actor_drawings(found, sees_clusters=sees_clusters),
        "sees_clusters": sees_clusters,
        "moved": found.id != number,
    }
    return render(request, "web/campaigns/actor.html", context)
