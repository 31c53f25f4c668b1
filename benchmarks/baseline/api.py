"""`POST /tasks` and `GET /tasks/{id}`: `uvicorn benchmarks.baseline.api:app`."""

import json
import os
import uuid
from typing import Annotated

from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel, Field
from redis.asyncio import Redis

from benchmarks.baseline import keys

app = FastAPI()
redis = Redis.from_url(os.environ["USUAL_REDIS_URL"], decode_responses=True)


class Submission(BaseModel):
    """What is to be run."""

    qc: Annotated[str, Field(min_length=1)]
    shots: Annotated[int, Field(ge=1, le=1_000_000)] = 1024


class Accepted(BaseModel):
    """Where it can be asked for."""

    task_id: str
    message: str = "Task submitted successfully."


@app.post("/tasks", status_code=202)
async def submit(submission: Submission) -> Accepted:
    """Queue a program."""
    task_id = str(uuid.uuid4())
    async with redis.pipeline(transaction=True) as calls:
        calls.set(keys.task(task_id), keys.PENDING)
        calls.lpush(keys.QUEUE, json.dumps({"id": task_id, **submission.model_dump()}))
        await calls.execute()
    return Accepted(task_id=task_id)


@app.get("/tasks/{task_id}")
async def show(task_id: str) -> Response:
    """Say what became of a task."""
    found = await redis.get(keys.task(task_id))
    if found is None:
        raise HTTPException(404, "Task not found.")
    return Response(found, media_type="application/json")
