"""The twin: a simulated board that ships with the product and can be driven."""
