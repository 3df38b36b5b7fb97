"""What goes onto a card: packages, first-run files, a layer for system images, a test image."""
