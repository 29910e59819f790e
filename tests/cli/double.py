"""A small HTTP server that speaks the part of the API the command line uses, and remembers what it was sent."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart, Response, request

TOKEN = "dd_good"
STEPS = ("receive", "unpack", "check", "store", "publish")


@dataclass
class Double:
    """What the server holds, what it has seen, and how it shall behave."""

    sites: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: dict[str, dict[str, Any]] = field(default_factory=dict)
    keeps: bool = True  # whether deleted sites can be restored
    deploys: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    events: str = "whole"  # whole, broken (ends after one event), missing (404)
    outcome: str = "ready"
    files: int = 2
    goes_live: bool = True
    problems: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    creating_races: bool = False
    away: int = 0  # how many times asking for a deploy finds the server away
    still_working: int = 0  # how many times asking for a deploy finds it unfinished
    gone: bool = False  # the deploy is not there any more
    question: dict[str, Any] | None = None  # what a deploy that comes in is taken for, until somebody answers
    answers: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)  # what builds say
    url: str = ""

    def add_site(self, name: str) -> dict[str, Any]:
        options = {
            "dialect": "netlify",
            "html": "natural",
            "spa": False,
            "minify": True,
            "any_case": False,
            "head_snippet": "",
        }
        self.sites[name] = {
            "name": name, "url": f"http://{name}.localhost:8080/", "owner": "alice@example.org",
            "created_at": "2026-11-23T05:00:00Z", "options": options, "live": None, "deploys": 0,
        }  # fmt: skip
        return self.sites[name]

    def delete(self, name: str) -> bool:
        site = self.sites.pop(name, None)
        if site is not None and self.keeps:
            self.deleted[name] = site
        return site is not None

    def add_deploy(self, site: str, **changes: Any) -> dict[str, Any]:
        number = len(self.deploys) + 1
        made = {
            "id": f"d{number}", "site": site, "number": number, "state": "queued", "live": False, "draft": False,
            "message": "", "author": "alice@example.org", "created_at": "2026-11-23T05:00:00Z", "finished_at": None,
            "url": f"http://{site}.localhost:8080/", "deploy_url": f"http://d{number}--{site}.localhost:8080/",
            "files": self.files, "bytes": 1234567, "problems": [], "error": None, "detection": None, "log": [],
            "steps": [{"name": s, "state": "waiting", "done": 0, "total": 0, "seconds": 0.0} for s in STEPS],
        }  # fmt: skip
        made.update(changes)
        self.deploys.append(made)
        return made

    def stages(self, deploy: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The deploy's states from the queue to the end; the deploy itself ends with them."""
        if self.question is not None:
            deploy.update(state="asking", detection=self.question)
            yield deploy
            return
        running = {"name": "unpack", "state": "running", "done": 50, "total": 100, "seconds": 0.1}
        yield {**deploy, "state": "working", "steps": [running]}
        self.finish(deploy)
        yield deploy

    def finish(self, deploy: dict[str, Any]) -> None:
        live = self.outcome == "ready" and self.goes_live and not deploy["draft"]
        deploy.update(state=self.outcome, live=live, problems=self.problems, error=self.error, finished_at="x")
        deploy.update(log=self.log)


def problem(status: int, detail: str, **more: Any) -> Response:
    body = {"type": "about:blank", "title": "No", "status": status, "code": "no", "detail": detail, **more}
    return Response(json.dumps(body), status, content_type="application/problem+json")


def answer(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")


def page(items: list[dict[str, Any]]) -> Response:
    number, size = int(request.args["page"]), int(request.args["per_page"])
    shown = items[(number - 1) * size : number * size]
    return answer({"items": shown, "page": number, "per_page": size, "total": len(items)})


def make_app(double: Double) -> Quart:
    app = Quart(__name__)

    @app.before_request
    async def guard() -> Response | None:
        double.paths.append(f"{request.method} {request.path}")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return problem(401, "Sign in first.")
        return None

    _add_sites(app, double)
    _add_deleted_sites(app, double)
    _add_usage(app)
    _add_verbs(app, double)
    _add_deploys(app, double)
    _add_builds(app, double)
    return app


def _add_sites(app: Quart, double: Double) -> None:
    @app.get("/api/v1/sites")
    async def listing() -> Response:
        return page(list(double.sites.values()))

    @app.post("/api/v1/sites")
    async def create() -> Response:
        name = (await request.get_json())["name"]
        if name == "Bad":
            return problem(422, "A value is not allowed.", fields={"name": "use a to z"})
        if name in double.sites or double.creating_races:
            double.add_site(name)
            return problem(409, f"The name {name!r} is taken: choose another.")
        return answer(double.add_site(name), 201)

    @app.get("/api/v1/sites/<name>")
    async def show(name: str) -> Response:
        if name == "busy":
            return Response(
                problem(503, "Too busy.").response, 503, {"Retry-After": "7"}, mimetype="application/problem+json"
            )
        return answer(double.sites[name]) if name in double.sites else problem(404, f"There is no site {name!r}.")

    @app.patch("/api/v1/sites/<name>")
    async def change(name: str) -> Response:
        double.sites[name]["options"].update(await request.get_json())
        return answer(double.sites[name])

    @app.delete("/api/v1/sites/<name>")
    async def delete(name: str) -> Response:
        return Response("", 204) if double.delete(name) else problem(404, "There is no such site.")


def _add_deleted_sites(app: Quart, double: Double) -> None:
    @app.get("/api/v1/deleted-sites")
    async def deleted() -> Response:
        return page([
            {
                "name": name, "owner": site["owner"], "by": site["owner"], "deploys": 0,
                "deleted_at": "2026-11-26T05:00:00Z", "until": "2026-12-03T05:00:00Z",
            }
            for name, site in double.deleted.items()
        ])  # fmt: skip

    @app.post("/api/v1/deleted-sites/<name>/restore")
    async def restore(name: str) -> Response:
        double.sites[name] = double.deleted.pop(name)
        return answer(double.sites[name])

    @app.delete("/api/v1/deleted-sites/<name>")
    async def end(name: str) -> Response:
        del double.deleted[name]
        return Response("", 204)


def _add_usage(app: Quart) -> None:
    @app.get("/api/v1/usage")
    async def usage() -> Response:
        sites = [
            {"site": "blog", "bytes": 2_000_000, "deleted": False},
            {"site": "old", "bytes": 1_000_000, "deleted": True},
        ]
        return answer({"bytes": 2_500_000, "apart": 3_010_000, "contents": 9, "count": 3, "sites": sites})

    @app.get("/api/v1/sites/<name>/usage")
    async def of_site(name: str) -> Response:
        figures = {
            "bytes": 2_000_000,
            "alone": 500_000,
            "once": 300_000,
            "contents": 1_234,
            "deploys": 12,
            "unreadable": 0,
        }
        return answer({"site": name, **figures})


def _add_verbs(app: Quart, double: Double) -> None:
    @app.post("/api/v1/sites/<name>/publish")
    async def publish(name: str) -> Response:
        wanted = (await request.get_json())["deploy"]
        found = [d for d in double.deploys if wanted in {d["id"], str(d["number"])}]
        return answer({**found[0], "live": True}) if found else problem(404, f"{name} has no deploy {wanted}.")

    @app.post("/api/v1/sites/<name>/rollback")
    async def rollback(name: str) -> Response:
        return answer({**double.deploys[0], "live": True, "site": name})


def _add_deploys(app: Quart, double: Double) -> None:
    @app.get("/api/v1/sites/<name>/deploys")
    async def history(name: str) -> Response:
        return page([deploy for deploy in double.deploys if deploy["site"] == name])

    @app.post("/api/v1/sites/<name>/deploys")
    async def receive(name: str) -> Response:
        body = b"".join([chunk async for chunk in request.body])
        double.uploads.append({"body": body, "headers": dict(request.headers), "query": dict(request.args)})
        draft, message = request.args["draft"] == "true", request.args["message"]
        return answer(double.add_deploy(name, draft=draft, message=message), 202)

    @app.get("/api/v1/deploys/<id>")
    async def look(id: str) -> Response:  # noqa: A002 - the route's own word
        found = next(deploy for deploy in double.deploys if deploy["id"] == id)
        if double.away:
            double.away -= 1
            return Response("Back soon", 502)  # as a proxy says it while the server starts again
        if double.gone:
            return problem(404, "There is no such deploy.")
        if double.still_working:
            double.still_working -= 1
        else:
            double.finish(found)
        return answer(found)

    @app.get("/api/v1/deploys/<id>/events")
    async def events(id: str) -> Response:  # noqa: A002 - the route's own word
        if double.events == "missing":
            return Response("not found", 404)
        found = next(deploy for deploy in double.deploys if deploy["id"] == id)
        return Response(_stream(double, found), content_type="text/event-stream")


def _add_builds(app: Quart, double: Double) -> None:
    @app.post("/api/v1/deploys/<id>/answer")
    async def take_answer(id: str) -> Response:  # noqa: A002 - the route's own word
        double.answers.append(await request.get_json())
        double.question = None
        found = next(deploy for deploy in double.deploys if deploy["id"] == id)
        found.update(state="queued")
        return answer(found)

    @app.post("/api/v1/deploys/<id>/cancel")
    async def cancel(id: str) -> Response:  # noqa: A002 - the route's own word
        found = next(deploy for deploy in double.deploys if deploy["id"] == id)
        if found["state"] != "queued":
            return problem(409, f"Deploy {found['number']} of {found['site']} cannot be called off: it is ready.")
        return answer({**found, "state": "cancelled"})


async def _stream(double: Double, deploy: dict[str, Any]) -> AsyncIterator[bytes]:
    yield b": hello\n\n"
    for state in double.stages(deploy):
        if double.log:
            said = {"after": 0, "lines": double.log}
            yield f"event: log\ndata: {json.dumps(said)}\n\n".encode()
        yield f"event: deploy\ndata: {json.dumps(state)}\n\n".encode()
        if double.events == "broken":
            return
        await asyncio.sleep(0)


@contextmanager
def served(double: Double) -> Iterator[str]:
    """The double on a port of its own, in a thread; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        stop = threading.Event()
        thread = threading.Thread(target=_run, args=(make_app(double), listening, stop))
        thread.start()
        try:
            yield url
        finally:
            stop.set()
            thread.join()


def _run(app: Quart, listening: socket.socket, stop: threading.Event) -> None:
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.errorlog = None
    config.graceful_timeout = 0.2

    async def stopped() -> None:
        while not stop.is_set():  # noqa: ASYNC110 - the event is another thread's
            await asyncio.sleep(0.02)

    asyncio.run(serve(app, config, shutdown_trigger=stopped))
