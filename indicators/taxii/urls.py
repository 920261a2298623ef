"""TAXII 2.1 paths, under /taxii2/. All end in a slash; anything else is a TAXII 404."""

from django.urls import path, re_path

from indicators.taxii.views import discovery, objects, statuses

_ROOT = "root/"
_COLLECTION = f"{_ROOT}collections/<str:collection>/"

urlpatterns = [
    path("", discovery.discover, name="taxii-discovery"),
    path(_ROOT, discovery.root, name="taxii-root"),
    path(f"{_ROOT}status/<uuid:status_id>/", statuses.status),
    path(f"{_ROOT}collections/", discovery.collections),
    path(_COLLECTION, discovery.collection),
    path(f"{_COLLECTION}manifest/", objects.manifest),
    path(f"{_COLLECTION}objects/", objects.objects),
    path(f"{_COLLECTION}objects/<str:stix_id>/", objects.one_object),
    path(f"{_COLLECTION}objects/<str:stix_id>/versions/", objects.versions),
    re_path(r"^(?P<rest>[\s\S]*)\Z", discovery.nothing_here),
]
