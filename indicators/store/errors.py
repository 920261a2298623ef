"""What the store refuses, as sentences."""


class StoreError(Exception):
    """Base class."""


class UnknownObject(StoreError):
    """No version of that id is, or ever was, in the collection."""


class NotTheOwner(StoreError):
    """The object belongs to another member."""


class OutsideAudience(StoreError):
    """A grant that the collection's audience does not allow."""


class LogMismatch(StoreError):
    """The feed and its log disagree: the tables were changed behind the store's back."""


class MemberExists(StoreError):
    """Two organizations under one name or identity."""
