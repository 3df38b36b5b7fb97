"""Files for the boot partition of Raspberry Pi OS Lite that turn a fresh card into a doorbell."""
