"""Forms about peers: added by a URL, confirmed by what a person was told, subscribed to."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django import forms

from federation.models import Subscription
from federation.peers.source import Offered
from indicators.models import Collection, Member, Sector, State

_SIGNATURES = (
    ("", "As the peer says of its log"),
    ("required", "Required: what is unsigned is refused"),
    ("optional", "Optional: unsigned objects are taken as such"),
)


class AddPeer(forms.Form):
    """A node, or a plain TAXII server, by its address."""

    url = forms.URLField(
        label="Address",
        assume_scheme="https",
        max_length=500,
        help_text="Of the node, for example https://retort.birch.example; a worker reads how it"
        " describes itself there.",
    )
    name = forms.CharField(
        label="Name here", max_length=200, required=False, help_text="By default its own."
    )
    sector = forms.ChoiceField(
        label="Sector",
        required=False,
        choices=[("", "As its identity says"), *Sector.choices],
    )
    member = forms.ModelChoiceField(
        queryset=Member.objects.none(),
        required=False,
        label="The member that it is",
        empty_label="A new one, or known by its identity",
        help_text="If the organization was added here before its node was.",
    )
    plain = forms.BooleanField(
        label="It is a plain TAXII 2.1 server",
        required=False,
        help_text="It has no keys and no log: what it serves counts as unsigned.",
    )
    allow_private = forms.BooleanField(
        label="Allow loopback and private addresses",
        required=False,
        help_text="For development, and for networks that are closed.",
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        known = Member.objects.filter(is_self=False).exclude(state=State.LEFT)
        self.fields["member"].queryset = known  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        """Without a password: addresses are shown, and a credential has a place of its own."""
        url: str = self.cleaned_data["url"]
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise forms.ValidationError("Leave user and key out; they are asked for later.")
        return url

    def arguments(self) -> dict[str, Any]:
        """As the errand takes them."""
        said = self.cleaned_data
        member = said["member"]
        return {**said, "member": str(member.pk) if member else ""}


class Confirm(forms.Form):
    """What the operator of the other node said, by another way than this connection."""

    fingerprint = forms.CharField(
        label="What its operator read out",
        max_length=100,
        help_text="Eight groups of four characters; case, spaces and dashes don't matter.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class CredentialThere(forms.Form):
    """What this node shows at the peer's doors."""

    user = forms.CharField(label="Name there", max_length=100)
    key = forms.CharField(
        label="API key",
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Its operator creates it for you. It is kept sealed, and never shown again.",
    )


class Subscribe(forms.Form):
    """Which of the offered collections are pulled, and how."""

    urls = forms.MultipleChoiceField(
        label="Collections", widget=forms.CheckboxSelectMultiple, choices=()
    )
    answers = forms.ModelChoiceField(
        queryset=Collection.objects.none(),
        required=False,
        label="Answers are published in",
        empty_label="Decide later",
        help_text="Sightings and opinions on what comes from there: a collection that the peer"
        " can read.",
    )
    signatures = forms.ChoiceField(label="Signatures", required=False, choices=_SIGNATURES)
    interval = forms.IntegerField(
        label="Seconds between looks",
        required=False,
        min_value=5,
        max_value=86_400,
        help_text="A peer that can reach this node wakes it anyway.",
    )

    def __init__(self, *args: Any, offered: list[Offered], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(each.url, each.title or each.id) for each in offered]
        self.fields["urls"].choices = choices  # type: ignore[attr-defined]
        self.fields["answers"].queryset = _own()  # type: ignore[attr-defined]

    def arguments(self) -> dict[str, Any]:
        """As the errand takes them."""
        said = self.cleaned_data
        answers = said["answers"]
        return {
            "urls": said["urls"],
            "answers": str(answers.pk) if answers else "",
            "signatures": said["signatures"] or None,
            "interval": said["interval"],
        }


class Relay(forms.Form):
    """What a peer sends is republished, as far as marking and audience allow."""

    subscription = forms.ModelChoiceField(
        queryset=Subscription.objects.none(), label="What comes from", empty_label=None
    )
    target = forms.ModelChoiceField(
        queryset=Collection.objects.none(), label="Is republished in", empty_label=None
    )

    def __init__(self, *args: Any, subscriptions: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        source = self.fields["subscription"]
        source.queryset = subscriptions  # type: ignore[attr-defined]
        source.label_from_instance = lambda each: each.title  # type: ignore[attr-defined]
        self.fields["target"].queryset = _own()  # type: ignore[attr-defined]


class Push(forms.Form):
    """An own collection, delivered to one of the peer's that this node may write."""

    collection = forms.ModelChoiceField(
        queryset=Collection.objects.none(), label="Collection", empty_label=None
    )
    url = forms.ChoiceField(label="Is delivered to")

    def __init__(self, *args: Any, offered: list[Offered], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["collection"].queryset = _own()  # type: ignore[attr-defined]
        choices = [(each.url, each.title or each.id) for each in offered]
        self.fields["url"].choices = choices  # type: ignore[attr-defined]


class AnswersIn(forms.Form):
    """Where answers to what a subscription brings are published."""

    answers = forms.ModelChoiceField(
        queryset=Collection.objects.none(),
        required=False,
        label="Answers are published in",
        empty_label="Nowhere yet: they wait",
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["answers"].queryset = _own()  # type: ignore[attr-defined]


def answers_for(chosen: Iterable[UUID | None]) -> Iterator[AnswersIn]:
    """A form for each subscription, with what was chosen; the collections are read once."""
    choices = None
    for number, each in enumerate(chosen):
        form = AnswersIn(initial={"answers": each}, auto_id=f"answers-{number}-%s")
        field: Any = form.fields["answers"]
        choices = choices or list(field.choices)
        field.choices = choices
        yield form


class Reason(forms.Form):
    """Why a peer or member is held off, let in, or let go."""

    reason = forms.CharField(label="Reason", max_length=500, required=False)


def _own() -> Any:
    return Collection.objects.filter(is_inbox=False).order_by("title")
