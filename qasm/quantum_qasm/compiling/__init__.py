"""From nodes to instructions: names, types, constants, and everything that is wrong with them."""
