"""What all parts of the server share."""
