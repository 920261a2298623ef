"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ANALYST, page
from indicators.web.views import evidence
from indicators.web.views import submissions as views

_ONE = "submissions/<uuid:submission>/"

paths: list[URLPattern] = [
    path("submissions/", page(views.submissions, ANALYST), name="submissions"),
    path("submissions/new/", page(views.begin, ANALYST), name="submission-new"),
    path(_ONE, page(views.preview, ANALYST), name="submission"),
    path(f"{_ONE}edit/", page(views.edit, ANALYST), name="submission-edit"),
    path(f"{_ONE}evidence/", page(evidence.evidence, ANALYST), name="submission-evidence"),
    path(f"{_ONE}evidence/upload/", page(evidence.upload, ANALYST), name="submission-upload"),
    path(f"{_ONE}evidence/drop/", page(evidence.drop, ANALYST), name="submission-drop"),
    path(f"{_ONE}evidence/faults/", page(evidence.faults, ANALYST), name="submission-faults"),
    path(f"{_ONE}prepare/", page(views.prepare, ANALYST), name="submission-prepare"),
    path(f"{_ONE}send/", page(views.send, ANALYST), name="submission-send"),
    path(f"{_ONE}reopen/", page(views.reopen, ANALYST), name="submission-reopen"),
    path(f"{_ONE}abandon/", page(views.abandon, ANALYST), name="submission-abandon"),
]
