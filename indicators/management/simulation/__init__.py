"""A seeded generator of detections: campaigns shaped like the publicly reported ones.

Every value is a hash of the seed and its place in the story, so nothing is kept in memory, the
same seed gives the same bytes, and the millionth account costs what the first one did. Values are
reserved ones: nobody owns a mailbox at `.example`, a number with exchange 555, or a network token
that isn't in any registry.
"""
