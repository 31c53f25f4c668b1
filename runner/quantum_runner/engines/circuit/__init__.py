"""One circuit of a compiled program, for Aer: see `lower`."""
