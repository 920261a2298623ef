"""What of that which was pulled may be republished: TLP 2.0 as code; audiences only narrow. Pure.

A relay adds no reader whom the origin's marking or audience leaves out. Loops end because a version
is stored once in a collection, so what comes around again adds nothing.
"""

from collections.abc import Mapping

from indicators.models import Audience
from indicators.stix import Tlp

_EVERYONE = frozenset(Audience)
#: Audiences all of whose readers belong to an audience. Who is named by a grant may be anybody of
#: the community, so `named` lies within no audience of members.
WITHIN: Mapping[Audience, frozenset[Audience]] = {
    Audience.PUBLIC: _EVERYONE,
    Audience.COMMUNITY: _EVERYONE - {Audience.PUBLIC},
    Audience.MEMBERS: frozenset({Audience.MEMBERS, Audience.LABS, Audience.CLOUDS}),
    Audience.LABS: frozenset({Audience.LABS}),
    Audience.CLOUDS: frozenset({Audience.CLOUDS}),
    Audience.NAMED: frozenset(),
}
_HELD_BACK = {
    Tlp.RED: "TLP:RED is for its named recipients only",
    Tlp.AMBER_STRICT: "TLP:AMBER+STRICT stays in the organization that received it",
    Tlp.AMBER: "TLP:AMBER is not passed on to peers",
}


def may_relay(tlp: Tlp | None, source: Audience | None, target: Audience) -> str | None:
    """None if an object may be republished to `target`, else why not.

    tlp: its strictest marking. source: the audience of the collection that it was served in, None
    if nobody says.
    """
    if tlp in _HELD_BACK:
        return _HELD_BACK[tlp]
    if tlp is Tlp.CLEAR:
        return None
    if source is None:
        return "whom it was served to is not known, and it is not marked TLP:CLEAR"
    if target not in WITHIN[source]:
        return f"it was served to {source.value}, and {target.value} is no part of that"
    return None


def overreach(tlp: Tlp | None, served: Audience | None, *, by_hub: bool) -> str | None:
    """Why another's object must not have been served to an audience; None if it may have been.

    Members post to a hub's collections themselves, so a hub may serve what a relay holds back.
    """
    if tlp is None:
        return None
    if served is not None and tlp.rank > served.ceiling.rank:
        limit = served.ceiling.value.upper()
        return f"{served.value} may receive TLP:{limit} at most, and it is TLP:{tlp.value.upper()}"
    return None if by_hub else _HELD_BACK.get(tlp)
