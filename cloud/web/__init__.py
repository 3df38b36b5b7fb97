"""The HTTP interface and the app."""
