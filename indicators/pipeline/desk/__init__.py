"""What people look at where several rooms tell of it, and the little that they do right there."""
