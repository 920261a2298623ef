"""The only writer of the object tables, and their named reads.

admission   objects into a collection: judged, stored, logged, in one transaction
withdrawal  objects out of a collection's feed, or erased everywhere; the logs keep the hashes
feed        pages of a collection, by keyset
pages       full pages, compressed once
custody     collections and their logs: opening, granting, checking one against the other
"""
