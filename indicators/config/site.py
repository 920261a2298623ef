"""What Django's administration shows, and to whom."""

from collections.abc import Iterable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from indicators.models import Role
from indicators.people.roles import roles_of


class Site(AdminSite):
    """What has no page of its own yet. People, their passwords and second factors are not here:
    whatever is done to them is done in the settings, and written down.
    """

    site_header = site_title = "Retort"
    index_title = (
        "Tables, for administrators. Drafts, matches, detections and people have pages of their"
        " own; what is decided is decided there."
    )
    _HERE = frozenset({"indicators", "federation", "django_celery_beat"})

    def has_permission(self, request: HttpRequest) -> bool:
        """Administrators only."""
        user = request.user
        return isinstance(user, User | AnonymousUser) and Role.ADMINISTRATOR in roles_of(user)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The pages' own sign-in; who is signed in and still comes here, may not."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Tables of ours alone, whatever else libraries would show."""
        asked: Iterable[type[Model]] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        )
        ours = [each for each in asked if each._meta.app_label in self._HERE]
        super().register(ours, admin_class, **options)
