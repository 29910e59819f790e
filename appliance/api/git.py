"""Deploys from Git: a site's repository, fetching it, and the webhooks that ask for it."""

from typing import Annotated

import msgspec
from quart import Blueprint, request

from appliance.actor import Actor
from appliance.api.edge import Body, endpoint
from appliance.errors import BadInput, Conflict, Forbidden, Invalid, NotFound, TooLarge
from appliance.git.parts import Git
from appliance.git.sources import NewSecret, SetSource, SourceFacts


class Repository(Body, frozen=True):
    """Where a site is deployed from."""

    url: Annotated[str, msgspec.Meta(max_length=1000, description="its HTTPS address, without user or password")]
    branch: Annotated[str, msgspec.Meta(max_length=255, description="what goes live; empty: the default branch")] = ""
    folder: Annotated[str, msgspec.Meta(max_length=1024, description="only this folder of it")] = ""
    username: Annotated[str, msgspec.Meta(max_length=255, description="for hosts that ask for one")] = ""
    token: (
        Annotated[str, msgspec.Meta(max_length=4096, description="kept encrypted; empty takes it away")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    previews: Annotated[bool, msgspec.Meta(description="other branches become aliases")] = True


class WhichBranch(Body, frozen=True):
    """The branch to deploy: what goes live where it is left out, else a preview."""

    branch: Annotated[str, msgspec.Meta(max_length=255)] = ""


class HookReply(msgspec.Struct, frozen=True):
    """What a webhook led to, in words."""

    done: str


def blueprint(git: Git) -> Blueprint:
    """The routes."""
    api = Blueprint("api_git", __name__)
    _setting(api, git)
    _deploying(api, git)
    return api


def _setting(api: Blueprint, git: Git) -> None:
    @endpoint(api, "/sites/<name>/git", reply=SourceFacts)
    async def show_repository(*, actor: Actor, name: str) -> SourceFacts:
        """Show where a site is deployed from, and what the last fetch came to."""
        return await git.sources.get(actor, name)

    @endpoint(api, "/sites/<name>/git", method="PUT", body=Repository, reply=SourceFacts, errors=(Invalid,))
    async def set_repository(*, actor: Actor, name: str, body: Repository) -> SourceFacts:
        """Say where a site is deployed from; nothing is fetched by that.

        A token that is left out stays; it is never shown, and has to be given again when the address changes.
        """
        token = None if isinstance(body.token, msgspec.UnsetType) else body.token
        wanted = SetSource(body.url, body.branch, body.folder, body.username, token, body.previews)
        return await git.sources.set(actor, name, wanted)

    @endpoint(api, "/sites/<name>/git", method="DELETE", status=204)
    async def remove_repository(*, actor: Actor, name: str) -> None:
        """Deploy a site from Git no more; what is live stays."""
        await git.sources.remove(actor, name)

    @endpoint(api, "/sites/<name>/git/secret", method="POST", reply=NewSecret, status=201)
    async def create_hook_secret(*, actor: Actor, name: str) -> NewSecret:
        """Make the secret of a site's webhooks, shown this once; another before it is good no more."""
        return await git.sources.new_secret(actor, name)


def _deploying(api: Blueprint, git: Git) -> None:
    @endpoint(
        api, "/sites/<name>/git/deploys", method="POST", body=WhichBranch, reply=SourceFacts, status=202, right="deploy"
    )
    async def deploy_repository(*, actor: Actor, name: str, body: WhichBranch) -> SourceFacts:
        """Fetch a site's repository and deploy it; `state` tells how that goes."""
        return await git.redeploy.request(actor, name, body.branch)

    @endpoint(
        api,
        "/sites/<name>/git/hook",
        method="POST",
        upload=("application/json",),
        reply=HookReply,
        status=202,
        errors=(BadInput, Forbidden, Conflict, NotFound, TooLarge),
        anyone=True,
    )
    async def take_hook(*, name: str) -> HookReply:
        """Take a webhook of GitHub, GitLab, Gitea or Forgejo, signed with the site's secret; each is taken once."""
        return HookReply(await git.hooks.take(name, request.headers, bytes(await request.body)))
