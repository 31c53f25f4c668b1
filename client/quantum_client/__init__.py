"""The command line: a local stack, and the demo."""
