"""`GET /metrics`, for Prometheus, where it has no port of its own."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import choose_encoder

from quantum_api.routes.requests import metrics_of

router = APIRouter(tags=["health"])

_EXAMPLE = """\
# HELP quantum_tasks_http_requests_in_progress Requests that are not yet answered.
# TYPE quantum_tasks_http_requests_in_progress gauge
quantum_tasks_http_requests_in_progress 1.0
"""


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={
        200: {
            "description": "In the format that is asked for, Prometheus' own text format or OpenMetrics",
            "content": {
                kind: {"schema": {"type": "string"}, "example": example}
                for kind, example in (
                    ("text/plain", _EXAMPLE),
                    ("application/openmetrics-text", f"{_EXAMPLE}# EOF\n"),
                )
            },
        }
    },
)
async def metrics(request: Request) -> Response:
    """Give what was counted and timed, whatever else is away."""
    encode, content_type = choose_encoder(",".join(request.headers.getlist("accept")))
    return Response(encode(metrics_of(request).registry), media_type=content_type)
