"""What this room refuses, as sentences."""


class NoticeError(Exception):
    """Base class: the message names the place and the cure."""


class WebhookRefused(NoticeError):
    """A webhook that can't be added, or that is not there."""
