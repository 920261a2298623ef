"""Tokens: identifiers normalized, blinded, evaluated by a key-holder, verified (RFC 9497)."""
