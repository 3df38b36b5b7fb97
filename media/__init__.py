"""Encoded pictures and sound in motion. Knows aiortc's insides so that nothing else must."""
