"""What runs compiled programs."""
