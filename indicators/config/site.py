"""What Django's administration shows, and to whom."""

from collections.abc import Iterable
from functools import update_wrapper
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.decorators import method_decorator

from indicators.models import Role
from indicators.people.roles import roles_of


class Site(AdminSite):
    """Tables to look into, and what has no page of its own yet. People, their passwords and second
    factors are not here, nor when workers do what: that is code.
    """

    site_header = site_title = "Retort"
    index_title = "Tables; what is decided has pages of its own"
    _HERE = frozenset({"indicators", "federation"})

    def has_permission(self, request: HttpRequest) -> bool:
        """Administrators only."""
        user = request.user
        return isinstance(user, User | AnonymousUser) and Role.ADMINISTRATOR in roles_of(user)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A NUL in an address is none that we made; PostgreSQL would refuse it as a failure."""
        shown = super().admin_view(view, cacheable)

        def refuse_nul(request: HttpRequest, *args: Any, **named: Any) -> Any:
            if "%00" in request.get_full_path():
                raise BadRequest("This address holds a NUL; take it out.")
            return shown(request, *args, **named)

        return update_wrapper(refuse_nul, shown)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The pages' own sign-in: Django's asks for no second factor, and is never shown."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("The administration is for administrators.")
        inside = resolve_url("admin:index")
        return redirect(inside) if request.user.is_authenticated else redirect_to_login(inside)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """The pages' own, too."""
        return redirect("account_change_password")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Tables of ours alone, whatever else libraries would show."""
        asked: Iterable[type[Model]] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        )
        ours = [each for each in asked if each._meta.app_label in self._HERE]
        super().register(ours, admin_class, **options)
