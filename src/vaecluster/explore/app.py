"""What the page asks for, address by address; every answer is one of `Explored`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, final

import msgspec
from fastapi import Body, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from vaecluster.editing import EDITS
from vaecluster.errors import DataError, SettingError, VaeclusterError
from vaecluster.explore.explored import Explored
from vaecluster.explore.page import page_of, style
from vaecluster.explore.work import words_of
from vaecluster.files import record

# Bytes of a request: a row that is brought, or numbers of rows.
MOST_BYTES = 50_000_000


@final
@dataclass(frozen=True)
class Steps:
    """How far along the directions of a cluster."""

    cluster: int
    steps: list[float]


@final
@dataclass(frozen=True)
class Parts:
    """Into how many parts a cluster is split; None finds out."""

    cluster: int
    parts: int | None = None


def application(explored: Explored, report: Callable[[], str]) -> FastAPI:
    """All addresses; `report` makes the page of the report when it is first asked for."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.report = cache(report)
    # Made before anyone waits for it.
    page, styles, script = page_of(explored), style(), _script()

    @app.get("/")
    def page_() -> Response:
        return _text(page, "text/html")

    @app.get("/report")
    def report_page() -> Response:
        # The page comes with a policy of its own, which is as strict.
        return _text(app.state.report(), "text/html", {"content-security-policy": "frame-ancestors 'none'"})

    @app.get("/explore.css")
    def styles_() -> Response:
        return _text(styles, "text/css")

    @app.get("/explore.js")
    def script_() -> Response:
        return _text(script, "text/javascript")

    @app.get("/api/state")
    def state() -> Response:
        return _json(explored.state())

    @app.get("/api/labels")
    def labels() -> Response:
        return Response(explored.labels(), media_type="application/octet-stream")

    @app.get("/api/map")
    def map_() -> Response:
        return _written(explored.map())

    @app.get("/api/members")
    def members(cluster: int, by: str = "confidence", descending: bool = False, page: int = 0) -> Response:
        return _json(explored.members(cluster, by, descending, page))

    @app.post("/api/table")
    def table(rows: list[int]) -> Response:
        return _text(explored.table(rows), "text/csv")

    @app.post("/api/edits")
    def edit(values: dict[str, Any]) -> Response:
        name = values.pop("edit", None)
        if not isinstance(name, str) or name not in EDITS:
            raise SettingError(f"edit is {name!r:.40}; expected one of {', '.join(map(repr, EDITS))}.")
        try:
            made = record.typed(EDITS[name], values)
        except ValueError as problem:
            raise SettingError(f"The edit {name!r} holds other values than it takes: {problem}.") from None
        return _json(explored.apply(made))

    @app.post("/api/undo")
    def undo() -> Response:
        return _json(explored.undo())

    @app.post("/api/redo")
    def redo() -> Response:
        return _json(explored.redo())

    @app.post("/api/split")
    def split(asked: Parts) -> Response:
        return _json(explored.split(asked.cluster, asked.parts))

    @app.post("/api/save")
    def save(name: str = Body(embed=True)) -> Response:
        return _json(explored.save(name))

    @app.get("/api/ways")
    def ways(cluster: int) -> Response:
        return _json(explored.ways(cluster))

    @app.post("/api/generated")
    def generated(asked: Steps) -> Response:
        return _json(explored.generated(asked.cluster, asked.steps))

    @app.post("/api/text")
    def text(text: str = Body(embed=True)) -> Response:
        return _json(explored.brought(explored.taking.text(text)))

    @app.post("/api/picture")
    def picture(content: bytes = Body(b"", media_type="application/octet-stream")) -> Response:
        return _json(explored.brought(explored.taking.picture(content)))

    @app.get("/api/matches")
    def matches() -> Response:
        return _json({"ari": explored.agreement(), "matches": explored.matches()})

    @app.get("/api/other/map")
    def other_map() -> Response:
        return _written(explored.other_map())

    @app.middleware("http")
    async def small(request: Request, answer: Any) -> Response:
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_BYTES or "transfer-encoding" in request.headers:
            return _wrong(f"The request is {length} bytes; expected at most {MOST_BYTES}.", 413)
        found: Response = await answer(request)
        return found

    @app.exception_handler(VaeclusterError)
    def refused(_: Request, problem: Exception) -> Response:
        # Rows in which something is wrong are those that someone brings.
        return _wrong(words_of(problem, names=explored.names, asked=(SettingError, DataError)), 400)

    @app.exception_handler(RequestValidationError)
    def misread(_: Request, problem: RequestValidationError) -> Response:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "The request"
        return _wrong(f"{place}: {first['msg']}", 400)

    @app.exception_handler(HTTPException)
    def nowhere(request: Request, problem: HTTPException) -> Response:
        return _wrong(f"{request.method} {request.url.path}: {problem.detail}", problem.status_code)

    @app.exception_handler(Exception)
    def failed(_: Request, problem: Exception) -> Response:
        return _wrong(words_of(problem, names=explored.names), 500)

    return app


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(record.plain(value)), media_type="application/json")


def _wrong(text: str, status: int) -> Response:
    return Response(msgspec.json.encode({"error": " ".join(text.split())}), status, media_type="application/json")


def _text(text: str, kind: str, headers: dict[str, str] | None = None) -> Response:
    return Response(text.encode("utf-8", errors="replace"), headers=headers, media_type=f"{kind}; charset=utf-8")


def _written(content: bytes) -> Response:
    # To pack it takes longer than it takes on its way inside one machine.
    return Response(content, media_type="application/json")


def _script() -> str:
    return files("vaecluster.explore").joinpath("static", "explore.js").read_text(encoding="utf-8")
