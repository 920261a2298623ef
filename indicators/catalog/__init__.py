"""What is held, as people look for it: an index of every object, full text and filters."""
