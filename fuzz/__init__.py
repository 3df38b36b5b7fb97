"""Every parser that a stranger can reach, thrown at with what nobody would write."""
