"""`/docs` and `/openapi.json`. Everything that the page loads comes from this server."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_ASSETS = "/docs/assets"


def serve_docs(app: FastAPI) -> None:
    """Serve Swagger UI from the files of the `fastapi-swagger` package, with addresses relative to the page."""
    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_swagger", "resources")]), name="docs assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            title=app.title,
            openapi_url="openapi.json",
            swagger_js_url="docs/assets/swagger-ui-bundle.js",
            swagger_css_url="docs/assets/swagger-ui.css",
            swagger_favicon_url="docs/assets/favicon-32x32.png",
        )


def describe_errors_truly(app: FastAPI) -> None:
    """Take FastAPI's own 422 out of the schema: this API answers 400 to a request that does not validate."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generate()
        for operation in (operation for path in schema["paths"].values() for operation in path.values()):
            invalid = operation["responses"].get("422", {})
            if "HTTPValidationError" in str(invalid):
                del operation["responses"]["422"]
        schema["components"]["schemas"].pop("HTTPValidationError", None)
        schema["components"]["schemas"].pop("ValidationError", None)
        return schema

    app.openapi = openapi  # type: ignore[method-assign] # the way that FastAPI documents
