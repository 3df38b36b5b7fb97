"""The lock's keeper: a process of its own that holds the relay, and the doorbell's line to it.

It is started before the doorbell, reads the same settings, and imports nothing of the doorbell's:
`python -m hardware.keeper --config /etc/doorstep/device.toml`.
"""
