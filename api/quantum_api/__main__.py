"""`python -m quantum_api`: serve until told to stop."""

from types import FrameType

import uvicorn
from fastapi import FastAPI
from quantum_tasks import logs

from quantum_api.app import create_app
from quantum_api.backends.base import TaskBackend
from quantum_api.settings import ApiSettings


class Server(uvicorn.Server):
    """A server that, told to stop, first ends the waits: each with its task as it is, none with an error."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal to stop."""
        backend = getattr(self._app.state, "backend", None)
        if isinstance(backend, TaskBackend):
            backend.stop_waiting()
        super().handle_exit(sig, frame)


def main() -> None:
    """Serve with the settings of the environment."""
    settings = ApiSettings.of_this_process()
    logs.configure(settings.log_format, settings.log_level)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        # uvloop ends the process when a connect is given up, as aiohttp's are while the API server is away
        loop="asyncio" if settings.backend == "kubernetes" else "auto",
        log_config=None,
        access_log=settings.access_log,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    Server(config, app).run()


if __name__ == "__main__":
    main()
