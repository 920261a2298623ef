"""The private side: what detectors found, until signed objects say what may be shared of it."""
