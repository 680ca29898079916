"""The web application without any domain: what every route, page and error has in common."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from vigil.kernel.errors import Fault, Unavailable, VigilError
from vigil.kernel.parts import Parts
from vigil.kernel.telemetry import logger
from vigil.kernel.web import assets, problems
from vigil.kernel.web.dependencies import (
    SAFE_METHODS,
    PartsDep,
    VisitorDep,
    refuse_foreign,
    visitor,
)
from vigil.kernel.web.headers import Outermost, RequestMetrics
from vigil.kernel.web.navigation import Link
from vigil.kernel.web.pages import Page, environment, render, wants_html
from vigil.kernel.web.problems import Meaning, Problem

SIGN_IN = "/sign-in"
_FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class ErrorPage(Page):
    template: ClassVar[str] = "error.html"
    detail: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True, kw_only=True)
class ProblemPage(Page):
    template: ClassVar[str] = "problem.html"
    problem: Meaning


@dataclass(frozen=True, kw_only=True)
class ProblemsPage(Page):
    template: ClassVar[str] = "problems.html"
    problems: list[Meaning]


@dataclass(frozen=True, kw_only=True)
class AccessibilityPage(Page):
    template: ClassVar[str] = "accessibility.html"


@dataclass(frozen=True, kw_only=True)
class HelpPage(Page):
    template: ClassVar[str] = "help.html"


def create_base(
    parts: Parts, domains: Mapping[str, str] | None = None, navigation: Sequence[Link] = ()
) -> FastAPI:
    """Build the application that the domains' routers are added to.

    Args:
        parts: the process's parts.
        domains: prefix of template names -> package whose `templates/` folder holds them.
        navigation: the menu, in order.

    Raises:
        AssetsMissing: `vigil assets build` was not run.
    """
    collected = assets.load(parts.settings.assets_dir)
    app = FastAPI(
        title="Vigil",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_foreign)],
        middleware=[
            Middleware(
                Outermost,
                metrics=RequestMetrics(parts.metrics),
                answer_failure=_answer_failure,
                secure=parts.settings.cookie_secure,
            )
        ],
    )
    app.state.parts = parts
    app.state.templates = environment(
        {"identity": "vigil.kernel.identity", **(domains or {})}, collected
    )
    app.state.navigation = tuple(navigation)
    _handle_errors(app)
    app.include_router(router)
    static = GZipMiddleware(_Assets(directory=collected.folder))
    app.router.routes.append(Mount("/assets", app=static, name="assets"))
    return app


@router.get("/health/live")
def live() -> dict[str, str]:
    return {"status": "live"}


@router.get("/health/ready")
def ready(parts: PartsDep) -> JSONResponse:
    """Say whether work can be taken: the database answers and the object store can be written."""
    checks = {"database": _database_answers(parts), "objects": _can_write(parts.settings.objects)}
    if all(checks.values()):
        return JSONResponse({"status": "ready", **checks})
    return JSONResponse({"status": "not ready", **checks}, HTTPStatus.SERVICE_UNAVAILABLE)


@router.get("/metrics")
def metrics(parts: PartsDep) -> PlainTextResponse:
    return PlainTextResponse(generate_latest(parts.metrics), media_type=CONTENT_TYPE_LATEST)


@router.get("/problems")
def list_problems(request: Request, _visitor: VisitorDep) -> Response:
    return render(request, ProblemsPage(title="Problems", problems=problems.meanings()))


@router.get("/problems/{name}")
def show_problem(request: Request, name: str, _visitor: VisitorDep) -> Response:
    problem = problems.meaning(name)
    return render(request, ProblemPage(title=problem.title, problem=problem))


@router.get("/accessibility")
def accessibility(request: Request, _visitor: VisitorDep) -> Response:
    return render(request, AccessibilityPage(title="Accessibility statement"))


@router.get("/help")
def help_page(request: Request, _visitor: VisitorDep) -> Response:
    return render(request, HelpPage(title="Help"))


class _Assets(StaticFiles):
    """Files whose names hold their digests."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = _FOR_EVER
        return response


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(VigilError)
    def vigil_error(request: Request, error: VigilError) -> Response:
        if error.status == HTTPStatus.UNAUTHORIZED and wants_html(request):
            return _to_sign_in(request)
        return _answer(request, problems.of_error(error))

    @app.exception_handler(HTTPException)
    def http_error(request: Request, error: HTTPException) -> Response:
        # No route matched, so nobody has asked yet whose navigation the page shows.
        visitor(request)
        return _answer(request, problems.of_http(error))

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        return _answer(request, problems.of_validation(error))

    @app.exception_handler(OperationalError)
    def database_away(request: Request, error: OperationalError) -> Response:
        logger("web").error("database does not answer", exc_info=error)
        return _answer(request, problems.of_error(Unavailable("The database does not answer.")))


def _answer_failure(request: Request) -> Response:
    return _answer(request, problems.of_failure())


def _answer(request: Request, problem: Problem) -> Response:
    if not wants_html(request):
        return problem.response()
    page = ErrorPage(title=problem.title, detail=problem.detail, faults=problem.faults)
    return render(request, page, problem.status)


def _to_sign_in(request: Request) -> RedirectResponse:
    """Lead to the sign-in page and, for a page that was only looked at, back again."""
    path = request.url.path
    if request.url.query:
        path = f"{path}?{request.url.query}"
    wanted = f"?next={quote(path)}" if request.method in SAFE_METHODS and path != "/" else ""
    return RedirectResponse(f"{SIGN_IN}{wanted}", status_code=303)


def _database_answers(parts: Parts) -> bool:
    try:
        with parts.database.read() as session:
            session.connection().execute(sa.text("SELECT 1"))
    except OperationalError:
        return False
    return True


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"1")
    except OSError:
        return False
    return True
