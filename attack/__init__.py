"""Tries to get in, with everything that the server, broker, push service and TURN know.

`python -m attack` prints what was tried, what was refused, and whether the lock's pin moved.
"""
