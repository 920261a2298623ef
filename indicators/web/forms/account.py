"""What people say of themselves."""

import zoneinfo
from functools import cache
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts
from django.contrib.auth.validators import UnicodeUsernameValidator

_NEW = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class ProfileForm(forms.Form):
    """Where somebody is, and where mail reaches them."""

    email = forms.EmailField(
        label="E-mail", required=False, help_text="For notices that you ask for."
    )
    time_zone = forms.CharField(
        label="Time zone",
        max_length=64,
        help_text="Type a city to search, such as Lisbon. Times are shown in it, UTC on hover.",
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )

    def clean_time_zone(self) -> str:
        """Its name, however it was written: `lisbon` is Europe/Lisbon."""
        told: str = self.cleaned_data["time_zone"].strip().replace(" ", "_").casefold()
        exact = [each for each in zones() if each.casefold() == told]
        ending = [each for each in zones() if each.casefold().endswith("/" + told)]
        found = exact or ending
        if len(found) != 1:
            raise forms.ValidationError("No such time zone; choose one of the list.")
        return found[0]


class RenewalForm(forms.Form):
    """A new password, twice."""

    password = forms.CharField(label="Password", strip=False, widget=_NEW)
    again = forms.CharField(label="Password, again", strip=False, widget=_NEW)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean(self) -> None:
        told = self.cleaned_data
        if "password" in told and told.get("again") != told["password"]:
            self.add_error("again", "The two are not the same.")


class AcceptanceForm(RenewalForm):
    """Who somebody new is."""

    username = forms.CharField(
        label="User name",
        max_length=User._meta.get_field("username").max_length,
        validators=[UnicodeUsernameValidator()],
        help_text="Others here see it beside what you do. It stays.",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    field_order = ("username", "password", "again")


@cache
def zones() -> tuple[str, ...]:
    """Every time zone that this machine knows, by name."""
    return tuple(
        sorted(each for each in zoneinfo.available_timezones() if "/" in each or each == "UTC")
    )
