"""The first page."""

from datetime import UTC, datetime
from statistics import median

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from indicators.pipeline.desk.overview import COUNTED
from indicators.pipeline.desk.overview import overview as read_overview
from indicators.web.charts import spark
from indicators.web.charts.lag import behind
from indicators.web.pages import signed_in


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What needs this person, what changed, how the feeds are."""
    found = read_overview(signed_in(request), datetime.now(UTC))
    shown = {
        "overview": found,
        "needs": found.needs,
        "counted": COUNTED,
        "campaigns": [
            (each, spark(each.days, label=f"Objects about {each.name}, each day"))
            for each in found.campaigns
        ],
        "feeds": [
            (
                each,
                behind(median(each.delays)) if each.delays else "",
                spark(each.delays, label=f"Seconds until {each.name}'s objects came"),
            )
            for each in found.feeds
        ],
        "shared": spark(found.flow.shared, label="Shared each day"),
        "received": spark(found.flow.received, label="Received each day"),
        "shared_total": sum(found.flow.shared),
        "received_total": sum(found.flow.received),
    }
    return render(request, "web/overview/overview.html", shown)
