"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import EVERYONE, page
from indicators.web.views import proofs

paths: list[URLPattern] = [
    path("objects/<id:stix_id>/proof/", page(proofs.proof, *EVERYONE), name="object-proof"),
    path(
        "objects/<id:stix_id>/proof/download/",
        page(proofs.download, *EVERYONE),
        name="object-proof-download",
    ),
]
