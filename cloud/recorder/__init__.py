"""Clips: WHIP in, fragmented MP4 out."""
