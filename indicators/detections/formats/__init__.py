"""Every format of a detection, read into findings, a line at a time."""
