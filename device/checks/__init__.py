"""What `check` looks at, without starting anything."""
