"""What can be wrong with a referral, in its own words."""


class ReferralError(Exception):
    """Base class: the message is a sentence that names the place and the cure."""


class NoSuchCampaign(ReferralError):
    """There is none of that id here."""


class NothingToDisclose(ReferralError):
    """A recipient that may get nothing of a campaign."""


class TextRefused(ReferralError):
    """Words of a person that must not leave."""


class NotForYou(ReferralError):
    """Somebody who may not do this to a referral."""


class WrongState(ReferralError):
    """A referral that is not, or no longer, where this could be done."""


class RenderedDifferently(ReferralError):
    """Bytes that are no longer those that two people approved and the node signed."""
