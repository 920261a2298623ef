"""What is refused about people, as sentences."""


class PeopleError(Exception):
    """Base class: the message names the person and the cure."""


class NotForYou(PeopleError):
    """Somebody who may not decide on this person."""


class NobodyWouldAdminister(PeopleError):
    """A change after which nobody could undo it."""


class NotInvited(PeopleError):
    """A link that opens nothing: unknown, used, revoked or too old."""


class NameTaken(PeopleError):
    """A user name that somebody has, or that would be mistaken for somebody."""
