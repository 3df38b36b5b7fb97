"""What can keep the doorbell from starting.

StartError (RuntimeError)   one sentence with the remedy; the command line prints it, exit code 2
"""


class StartError(RuntimeError):
    """The doorbell cannot start; the text says why and what to do."""
