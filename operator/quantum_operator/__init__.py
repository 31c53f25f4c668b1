"""The operator: makes a Job of every QuantumTask, and tells its whole story in its status."""
