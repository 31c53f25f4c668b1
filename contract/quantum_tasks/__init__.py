"""What every part of Quantum Tasks agrees on: tasks, states, errors, Redis keys and the store. Imports no part."""
