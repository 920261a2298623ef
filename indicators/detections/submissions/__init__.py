"""What analysts submit: written and kept sealed, checked by workers, brought in as findings."""
