"""What the server keeps: database and clips."""
