"""Telling phones that someone is at the door: Web Push and Firebase Cloud Messaging."""
