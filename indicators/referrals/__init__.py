"""Referral packs: what may be disclosed of a campaign to an authority or a provider."""
