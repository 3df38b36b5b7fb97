"""The doorbell service."""
