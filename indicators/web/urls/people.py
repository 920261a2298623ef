"""The paths of this area, and who may open each."""

from django.urls import URLPattern, path

from indicators.web.pages import ADMINISTRATOR, page
from indicators.web.views import people

_HERE = "settings/people/"
_ONE = f"{_HERE}<int:pk>/"
paths: list[URLPattern] = [
    path(_HERE, page(people.people, ADMINISTRATOR), name="people"),
    path(f"{_HERE}invite/", page(people.invite, ADMINISTRATOR), name="person-invite"),
    path(
        f"{_HERE}invitations/<int:pk>/revoke/",
        page(people.revoke, ADMINISTRATOR),
        name="invitation-revoke",
    ),
    path(_ONE, page(people.person, ADMINISTRATOR), name="person"),
    path(f"{_ONE}roles/", page(people.change_roles, ADMINISTRATOR), name="person-roles"),
    path(f"{_ONE}renew/", page(people.renew, ADMINISTRATOR), name="person-renew"),
    path(f"{_ONE}deactivate/", page(people.deactivate, ADMINISTRATOR), name="person-deactivate"),
    path(f"{_ONE}activate/", page(people.activate, ADMINISTRATOR), name="person-activate"),
    path(f"{_ONE}sign-out/", page(people.end_sessions, ADMINISTRATOR), name="person-sessions"),
]
