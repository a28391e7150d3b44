"""Training and evaluation commands, and the machinery they share."""
