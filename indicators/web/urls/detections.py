"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ANALYST, REVIEWER, page
from indicators.web.views import detections

_BOTH = (ANALYST, REVIEWER)

paths: list[URLPattern] = [
    path("detections/", page(detections.findings, *_BOTH), name="detections"),
    path("detections/stopped/", page(detections.stopped, *_BOTH), name="detections-stopped"),
    path("detections/stopped/retry/", page(detections.retry, *_BOTH), name="detections-retry"),
    path("detections/<uuid:uuid>/", page(detections.detection, *_BOTH), name="detection"),
    path(
        "detections/<uuid:uuid>/identifiers/",
        page(detections.show_identifiers, *_BOTH),
        name="detection-identifiers",
    ),
    path("clusters/", page(detections.clusters, *_BOTH), name="clusters"),
    path("clusters/<int:number>/", page(detections.cluster, *_BOTH), name="cluster"),
    path("clusters/<int:number>/judge/", page(detections.judge, *_BOTH), name="cluster-judge"),
    path(
        "clusters/<int:number>/describe/",
        page(detections.describe, *_BOTH),
        name="cluster-describe",
    ),
]
