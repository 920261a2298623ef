"""What is personal: sealed when it comes in, made into tokens, shown to nobody unasked."""
