"""What Raspberry Pi Imager has to know of an image: one entry, as a manifest or in a list."""
