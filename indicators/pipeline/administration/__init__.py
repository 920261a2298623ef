"""What administrators do, a noun a file. Every act is in the audit log, in its own transaction."""
