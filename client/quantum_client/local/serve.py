"""`quantum-tasks up`: the stack in the foreground."""

from contextlib import suppress

from quantum_client.local.logs import to_stderr
from quantum_client.local.stack import Stack, StackSettings, until_signal


async def serve(settings: StackSettings) -> None:
    """Serve until a signal. Raises LocalStackError when the stack cannot start or go on."""
    log = to_stderr(settings.names)
    stack = Stack(settings, log)
    with until_signal(stack, log):
        async with stack:
            with suppress(OSError):  # nobody reads, and the service goes on
                print(f"Ready on {stack.url}", flush=True)  # noqa: T201 - what a script waits for
            await stack.failure()
