"""Notifications: Web Push and Firebase."""
