"""The answers that routes share, documented with examples for `/docs`."""

from typing import Any

from quantum_api.schemas.answers import Completed, Failed, Pending, Problem

Answers = dict[int | str, dict[str, Any]]


def _problem(
    status: int, description: str, message: str, *, loc: list[str] | None = None, retry: bool = False
) -> Answers:
    example: dict[str, Any] = {"status": "error", "message": message}
    if loc:
        example["errors"] = [{"loc": loc, "message": message.rpartition(": ")[2]}]
    answer: dict[str, Any] = {
        "model": Problem,
        "description": description,
        "content": {"application/json": {"example": example}},
    }
    if retry:
        answer["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return {status: answer}


ENDS: Answers = {
    200: {
        "description": "What became of the task",
        "content": {
            "application/json": {
                "examples": {
                    answer.__name__.lower(): {
                        "summary": (answer.__doc__ or "").strip(),
                        "value": answer.model_json_schema()["examples"][0],
                    }
                    for answer in (Completed, Pending, Failed)
                }
            }
        },
    }
}

NOT_FOUND = _problem(404, "No such task", "Task not found.")
UNAVAILABLE = _problem(
    503, "The task store is away or full", "The task store is unavailable. Try again later.", retry=True
)
BAD_REQUEST = _problem(
    400,
    "The request is wrong",
    "Invalid request: body.shots: Input should be greater than or equal to 1.",
    loc=["body", "shots"],
)
TOO_LARGE = _problem(413, "The body is too large", "The body is larger than 2097152 bytes.")
FINISHED = _problem(409, "The task has another end", "The task has already ended.")
NO_COUNTS = _problem(409, "The task has no counts, or none yet", "The task has no counts: it is Running.")
MISMATCH = _problem(
    422,
    "The idempotency key stands for another request",
    "This Idempotency-Key was used for another program or other options.",
)

ACCEPT_PROBLEMS: Answers = {**BAD_REQUEST, **TOO_LARGE, **MISMATCH, **UNAVAILABLE}
READ_PROBLEMS: Answers = {**BAD_REQUEST, **UNAVAILABLE}
