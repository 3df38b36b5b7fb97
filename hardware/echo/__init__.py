"""Echo cancellers: what takes the speaker's sound out of the microphone's."""
