"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ADMINISTRATOR, page
from indicators.web.views import collections

_ONE, _MEMBER = "collections/<uuid:number>/", "settings/members/<uuid:number>/"

paths: list[URLPattern] = [
    path("collections/", page(collections.collections, ADMINISTRATOR), name="collections"),
    path("collections/new/", page(collections.new, ADMINISTRATOR), name="collection-new"),
    path(_ONE, page(collections.collection, ADMINISTRATOR), name="collection"),
    path(f"{_ONE}describe/", page(collections.describe, ADMINISTRATOR), name="collection-describe"),
    path(f"{_ONE}grants/", page(collections.grant, ADMINISTRATOR), name="collection-grant"),
    path(
        f"{_ONE}grants/<uuid:member>/revoke/",
        page(collections.revoke, ADMINISTRATOR),
        name="collection-revoke",
    ),
    path(
        f"{_ONE}relays/<int:relay>/end/",
        page(collections.end_relay, ADMINISTRATOR),
        name="collection-end-relay",
    ),
    path("settings/members/", page(collections.members, ADMINISTRATOR), name="members"),
    path("settings/members/new/", page(collections.new_member, ADMINISTRATOR), name="member-new"),
    path(_MEMBER, page(collections.member, ADMINISTRATOR), name="member"),
    path(f"{_MEMBER}state/", page(collections.member_state, ADMINISTRATOR), name="member-state"),
]
