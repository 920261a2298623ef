"""What can go wrong on this machine. Every message is a sentence with its cure."""


class LocalError(Exception):
    """The node cannot run here as things stand."""


class NotOurs(LocalError):
    """A directory that must be ours belongs to somebody else."""


class InUse(LocalError):
    """Another node or command works on the same data directory."""


class NeverStarted(LocalError):
    """The data directory holds no database yet."""


class ProgramMissing(LocalError):
    """A wheel that brings a server program is not installed."""


class DidNotStart(LocalError):
    """A server program ended, or stayed silent, while starting."""
