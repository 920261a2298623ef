"""Referral packs: of a campaign, what may be disclosed to an authority or a provider.

`gathering` finds what is known of a campaign, `choosing` says of each object whether it may go and
why not, `making` freezes that as `content`. All that is rendered (`report`, then `html`, `pdf`,
`xarf`; `packing`) comes from the frozen content alone. Whoever got a pack looks at it
by `checking`; who lets it go is in `pipeline.referring`.
"""
