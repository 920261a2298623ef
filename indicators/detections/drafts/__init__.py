"""From what is known of a cluster to signed objects: made, looked at, decided, published."""
