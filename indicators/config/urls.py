"""Every path of the node: the TAXII server, its logs, the pages, and what operators watch.

Whatever is not marked here as open asks people to sign in.
"""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path

from federation.urls import descriptor_urls, keyholder_urls, log_urls, signed_urls
from indicators import keyholder, peering, pipeline
from indicators.config import operations
from indicators.store import withdrawal
from indicators.taxii.logs import guard
from indicators.taxii.views.discovery import nothing_here
from indicators.web import urls as pages


def open_to_machines(*paths: URLPattern | URLResolver) -> list[URLPattern | URLResolver]:
    """Doors that ask for credentials of their own, or for none: they know no sessions."""
    for each in paths:
        if isinstance(each, URLResolver):
            open_to_machines(*each.url_patterns)
        else:
            login_not_required(each.callback)
    return list(paths)


urlpatterns = [
    path("admin/", admin.site.urls),
    *open_to_machines(
        path("ingest/v1/", include("indicators.ingest.urls")),
        path("taxii2/", include("indicators.taxii.urls")),
        path("taxii2", nothing_here, {"rest": ""}),
        path("healthz/live", operations.live),
        path("healthz/ready", operations.ready),
        path("metrics", operations.metrics),
    ),
    *log_urls(guard, withdrawal.withdrawn_from),
    *keyholder_urls(keyholder.guard),
    *descriptor_urls(peering.describe),
    *signed_urls(pipeline.woken),
    *pages.urlpatterns,
]
