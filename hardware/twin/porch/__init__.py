"""The drawn porch: what the twin's camera looks at."""
