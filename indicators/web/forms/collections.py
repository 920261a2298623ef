"""Forms about collections and the members that read and write them."""

from typing import Any

from django import forms

from indicators.models import Audience, Collection, Member, Reliability, Sector, State
from indicators.pipeline.administration.collections import Reach
from indicators.pipeline.administration.organizations import Facts

_ALIAS = r"^[a-z0-9][a-z0-9-]{0,63}$"
_MOST_NAMED = 6


class Described(forms.Form):
    """What a collection says of itself; this may change."""

    title = forms.CharField(label="Title", max_length=200)
    alias = forms.RegexField(
        _ALIAS,
        label="Alias",
        required=False,
        help_text="A short name that also works in addresses: lower-case letters, digits and -.",
    )
    description = forms.CharField(
        label="Description", required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    signatures_required = forms.BooleanField(
        label="Refuse what carries no valid signature of its origin", required=False
    )

    def facts(self) -> dict[str, Any]:
        """As a collection has them; no alias is none, not an empty one."""
        said = self.cleaned_data
        return {**said, "alias": said["alias"] or None}


class NewCollection(Described):
    """A collection; its audience is a promise and never changes."""

    audience = forms.ChoiceField(
        label="Audience",
        widget=forms.RadioSelect,
        initial=Audience.MEMBERS,
        help_text="Who may ever be granted it, and so the strictest marking that it takes. It"
        " never changes: it was promised to those who published.",
    )
    field_order = ("title", "audience", "description", "alias", "signatures_required")

    def __init__(self, *args: Any, reaches: list[Reach], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(each.audience.value, _said(each)) for each in reaches]
        self.fields["audience"].choices = choices  # type: ignore[attr-defined]


class GrantForm(forms.Form):
    """Access for a member that the audience includes."""

    member = forms.ModelChoiceField(
        queryset=Member.objects.none(), label="Member", empty_label=None
    )
    can_read = forms.BooleanField(label="May read", required=False, initial=True)
    can_write = forms.BooleanField(label="May write", required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        members = Member.objects.filter(is_self=False).exclude(state=State.LEFT)
        self.fields["member"].queryset = members  # type: ignore[attr-defined]


class MemberForm(forms.Form):
    """What this node knows of an organization."""

    name = forms.CharField(label="Name", max_length=200)
    sector = forms.ChoiceField(
        label="Sector",
        choices=Sector.choices,
        help_text="It decides which collections it may be granted.",
    )
    reliability = forms.ChoiceField(
        label="Reliability",
        choices=[(each.value, f"{each.value}: {each.label}") for each in Reliability],
        initial=Reliability.B,
        help_text="How far this node relies on it (Admiralty scale); it weighs what it says.",
    )

    def facts(self) -> Facts:
        """As the pipeline takes them."""
        said = self.cleaned_data
        return Facts(said["name"], Sector(said["sector"]), Reliability(said["reliability"]))


class NewMember(MemberForm):
    """An organization without a node, or one whose node is added later."""

    identity = forms.RegexField(
        r"^identity--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        label="STIX identity",
        required=False,
        help_text="If it has one already; else a new one is made.",
    )


class StateForm(forms.Form):
    """In, held off, or gone."""

    state = forms.ChoiceField(label="State", choices=State.choices)
    reason = forms.CharField(label="Reason", max_length=500, required=False)


def readable(collection: Collection) -> dict[str, Any]:
    """What the form about a collection begins with."""
    return {
        "title": collection.title,
        "alias": collection.alias or "",
        "description": collection.description,
        "signatures_required": collection.signatures_required,
    }


def _said(reach: Reach) -> str:
    """An audience in words, with who is in it today."""
    named = ", ".join(reach.members[:_MOST_NAMED])
    more = len(reach.members) - _MOST_NAMED
    if more > 0:
        named += f" and {more} more"
    return f"{reach.audience.label}. Today: {named or 'nobody yet'}."
