"""This node's people: roles, invitations, sessions."""
