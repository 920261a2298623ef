"""Proofs: that an object is who signed it's, unaltered, and stands in a log that others watch.

A proof is one file (`proof`), examined step by step (`steps`) with what the reader trusts already:
what this node pinned (`trusting`), or what somebody else was told (`manage.py verify --proof`).
`collecting` makes it from the tables.
"""
