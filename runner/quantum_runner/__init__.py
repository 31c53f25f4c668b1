"""The runner: OpenQASM 3 in, counts out."""
