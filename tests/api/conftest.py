"""An app with the API's own resources behind the guard, on a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from appliance import tokens
from appliance.access import Access
from appliance.actor import Actor
from appliance.api import accounts, auth, edge, me, openapi, sessions
from appliance.api import tokens as token_routes
from appliance.data_folder import DataFolder


@pytest.fixture
def app(access: Access, database: DataFolder) -> Quart:
    app = Quart("appliance", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = int(access.settings.request_body)
    edge.install(app, access)
    for resource in (auth, me, sessions, accounts):
        app.register_blueprint(resource.blueprint(access), url_prefix="/api/v1")
    app.register_blueprint(token_routes.blueprint(), url_prefix="/api/v1")
    openapi.install(app)
    return app


@asynccontextmanager
async def serving(app: Quart) -> AsyncIterator[str]:
    """The app's address while it is served."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]  # Hypercorn's to close from here on
    config.graceful_timeout = 1
    config.errorlog = None
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(app, config, shutdown_trigger=stop.wait))
        yield f"http://127.0.0.1:{port}"
        stop.set()


@pytest.fixture
async def address(app: Quart) -> AsyncIterator[str]:
    async with serving(app) as address:
        yield address


@pytest.fixture
async def anybody(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is not signed in; it keeps cookies, as a browser does."""
    async with httpx.AsyncClient(base_url=f"{address}/api/v1") as client:
        yield client


@asynccontextmanager
async def signed_in(address: str, actor: Actor) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a personal token of the account."""
    token = (await tokens.create(actor, "test")).token
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", headers=headers) as client:
        yield client


@pytest.fixture
async def operator(address: str, olga: Actor) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(address, olga) as client:
        yield client


@pytest.fixture
async def admin(address: str, adam: Actor) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(address, adam) as client:
        yield client


@pytest.fixture
async def user(address: str, alice: Actor) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(address, alice) as client:
        yield client
