"""The TAXII 2.1 server: thin doors on the store's feed.

door       one decorator: authenticate, negotiate, permit, answer every failure as TAXII says
media      which media types are asked for and sent
query      the query string, as a selection of the feed
cursor     `next`: opaque, signed, stateless
resources  how things look on the wire
views      discovery, collections, objects, statuses
"""
