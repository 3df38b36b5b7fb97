"""Links of doorbells and calls of phones."""
