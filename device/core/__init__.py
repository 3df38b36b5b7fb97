"""Everything the doorbell decides, as pure functions."""
