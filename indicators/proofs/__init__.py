"""Why an object can be trusted: signature, key, place in the log, checkpoint, cosignatures."""
