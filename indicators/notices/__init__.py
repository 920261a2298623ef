"""What people are told of, and how: in the pages, by e-mail, by webhook; quiet by default."""
