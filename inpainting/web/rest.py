"""REST: POST /inpaint takes a picture and a mask and answers with a PNG, GET /health says that all is well."""

from typing import Annotated

from fastapi import FastAPI, File, Form, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from inpainting.errors import InputError
from inpainting.filling.photo_encoding import encoded


def rest(models):
    """The FastAPI application over Models. A refusal is {"error": one line} with a status of 4xx."""
    app = FastAPI(openapi_url=None)  # nor /docs, whose scripts lie on other machines

    @app.get("/health")
    def health():
        return {"status": "ok", "model": models.default, "models": models.names}

    @app.post("/inpaint")
    def inpaint(
        image: Annotated[bytes, File()],
        mask: Annotated[bytes, File()],
        model: Annotated[str | None, Form()] = None,
        realism: Annotated[float | None, Form(ge=0, le=1)] = None,
    ):
        choice = models.choice(model, realism=realism)
        ((_, completed),) = models.fill(image, mask=mask, choice=choice)
        return Response(encoded(completed), media_type="image/png")

    @app.exception_handler(InputError)
    def refused(request, error):
        return JSONResponse({"error": str(error)}, 400)

    @app.exception_handler(RequestValidationError)
    def invalid(request, error):
        first = error.errors()[0]
        return JSONResponse({"error": f"{first['loc'][-1]}: {first['msg']}"}, 422)

    @app.exception_handler(HTTPException)
    def failed(request, error):
        return JSONResponse({"error": error.detail}, error.status_code)

    return app
