"""The doorbell's services: each owns one connection to the outside."""
