"""Installs signed updates beside what runs, tries them, and goes back by itself if they fail."""
