"""The server: signalling, recorder, push, and the app for phones."""
