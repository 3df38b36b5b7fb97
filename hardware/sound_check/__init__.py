"""The sound's self-test: play something known, and look at what the microphone makes of it."""
