"""Every path of the node: the TAXII server, its logs, the pages, and what operators watch."""

from django.contrib import admin
from django.urls import include, path

from federation.urls import descriptor_urls, keyholder_urls, log_urls, signed_urls
from indicators import keyholder, peering, pipeline
from indicators.config import operations
from indicators.store import withdrawal
from indicators.taxii.logs import guard
from indicators.taxii.views.discovery import nothing_here
from indicators.web import urls as pages

urlpatterns = [
    path("admin/", admin.site.urls),
    path("ingest/v1/", include("indicators.ingest.urls")),
    path("taxii2/", include("indicators.taxii.urls")),
    path("taxii2", nothing_here, {"rest": ""}),
    *log_urls(guard, withdrawal.withdrawn_from),
    *keyholder_urls(keyholder.guard),
    *descriptor_urls(peering.describe),
    *signed_urls(pipeline.woken),
    *pages.urlpatterns,
    path("healthz/live", operations.live),
    path("healthz/ready", operations.ready),
    path("metrics", operations.metrics),
]
