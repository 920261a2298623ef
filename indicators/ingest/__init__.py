"""The HTTP door for detector services."""
