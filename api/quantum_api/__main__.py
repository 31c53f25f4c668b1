"""`python -m quantum_api`: serve until told to stop."""

import uvicorn
from fastapi import FastAPI
from quantum_tasks import logs
from quantum_tasks.metrics import served

from quantum_api import processes
from quantum_api.app import create_app
from quantum_api.settings import ApiSettings


def application() -> FastAPI:
    """The application of one process, with the settings of the environment."""
    settings = ApiSettings.of_this_process()
    logs.configure(settings.log_format, settings.log_level)
    if processes.counts_with_others():
        processes.join_the_others()
    return create_app(settings)


def main() -> None:
    """Serve with the settings of the environment."""
    settings = ApiSettings.of_this_process()
    logs.configure(settings.log_format, settings.log_level)
    config = uvicorn.Config(
        "quantum_api.__main__:application",
        factory=True,
        workers=settings.api_processes,
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
    if settings.api_processes == 1:
        uvicorn.Server(config).run()
        return
    with (
        processes.counting_together() as registry,
        served(registry, settings.host, settings.metrics_port or 0),
    ):
        processes.supervise(config)


if __name__ == "__main__":
    main()
