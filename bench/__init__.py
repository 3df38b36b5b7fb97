"""What `make bench` measures: real processes on this machine, ratios and medians."""
