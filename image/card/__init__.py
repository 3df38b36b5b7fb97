"""An image of a whole card for arm64, and a virtual board that starts it."""
