"""Other organizations' nodes: who they are, what they serve, and what they are told."""
