"""What the private side refuses, as sentences that never hold an identifier."""


class DetectionError(Exception):
    """Base class: the message names the place and the cure."""


class NotOpened(DetectionError):
    """Sealed bytes, or a data key, that the keys at hand don't open."""


class AlreadyAllowed(DetectionError):
    """An identifier that is on the allow list already."""


class NotAllowed(DetectionError):
    """The allow list has no such entry."""


class NotHeld(DetectionError):
    """Accounts that are not held, or whose identifiers were destroyed."""
