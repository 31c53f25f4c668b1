"""The usual design behind the same two routes: FastAPI, a Redis list, and a worker that transpiles every task.

Written as one would in an afternoon: it keeps no promises about lost workers, and nothing waits but by polling.
"""
