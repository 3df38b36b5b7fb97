"""Commands for people and developers that the Makefile calls."""
