"""Drivers for the Raspberry Pi."""
