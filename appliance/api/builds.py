"""Builds: how a site's sources are built, its variables, and what is answered to a deploy that asks."""

from typing import Annotated, Literal

import msgspec
from quart import Blueprint

from appliance.actor import Actor
from appliance.api.edge import Body, endpoint
from appliance.building import Answer
from appliance.deploys import DeployFacts
from appliance.errors import BadInput, Conflict, Invalid, NotFound
from appliance.jobs import Jobs
from appliance.site_builds import (
    LONGEST_VALUE,
    ChangeSiteBuild,
    NewVariable,
    SiteBuildFacts,
    SiteBuilds,
    VariableFacts,
)

Text = Annotated[str, msgspec.Meta(max_length=1_000)]
Generator = Annotated[str, msgspec.Meta(max_length=32, description="auto, static, or a generator's name")]


class BuildChange(Body, frozen=True):
    """What is to change of how a site's sources are built; what is left out stays. Holds from the next deploy on."""

    generator: Generator | msgspec.UnsetType = msgspec.UNSET
    base: (
        Annotated[str, msgspec.Meta(max_length=1_000, description="folder of the upload; null: to be found")]
        | msgspec.UnsetType
        | None
    ) = msgspec.UNSET
    command: Text | msgspec.UnsetType = msgspec.UNSET
    output: Text | msgspec.UnsetType = msgspec.UNSET
    versions: dict[Literal["node", "python", "hugo"], Text] | msgspec.UnsetType = msgspec.UNSET
    flags: Annotated[list[Text], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    install_scripts: bool | msgspec.UnsetType = msgspec.UNSET


class VariableToSet(Body, frozen=True):
    """A variable's value, which can be written and never read, and the phases of a build that get it."""

    value: Annotated[str, msgspec.Meta(max_length=LONGEST_VALUE)]
    phase: Literal["build", "fetch", "both"] = "build"


class AnswerToSend(Body, frozen=True):
    """What the upload of a deploy that asks is: one of its offers, `static`, another generator, or `auto`."""

    generator: Generator
    base: Annotated[str, msgspec.Meta(max_length=1_000, description="folder of the upload")] | None = None
    remember: Annotated[bool, msgspec.Meta(description="let it hold for later uploads of the site")] = True


def blueprint(site_builds: SiteBuilds, jobs: Jobs) -> Blueprint:
    """The routes."""
    api = Blueprint("api_builds", __name__)
    _add_choices(api, site_builds)
    _add_variables(api, site_builds)
    _add_deploys(api, jobs)
    return api


def _add_choices(api: Blueprint, site_builds: SiteBuilds) -> None:
    @endpoint(api, "/sites/<name>/build", reply=SiteBuildFacts)
    async def show_build(*, actor: Actor, name: str) -> SiteBuildFacts:
        """Show how a site's sources are built: what was chosen, and what may be."""
        return await site_builds.get(actor, name)

    @endpoint(
        api, "/sites/<name>/build", method="PATCH", body=BuildChange, reply=SiteBuildFacts, errors=(BadInput, Invalid)
    )
    async def change_build(*, actor: Actor, name: str, body: BuildChange) -> SiteBuildFacts:
        """Change how a site's sources are built.

        Flags and commands have to be on the operator's lists; one that is not is named by the answer (400).
        """
        given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not msgspec.UNSET}
        find_base = "base" in given and given["base"] is None
        return await site_builds.change(actor, name, ChangeSiteBuild(**given, find_base=find_base))


def _add_variables(api: Blueprint, site_builds: SiteBuilds) -> None:
    @endpoint(
        api,
        "/sites/<name>/build/variables/<variable>",
        method="PUT",
        body=VariableToSet,
        reply=VariableFacts,
        errors=(Invalid,),
    )
    async def set_variable(*, actor: Actor, name: str, variable: str, body: VariableToSet) -> VariableFacts:
        """Set a variable of a site's builds; its value is kept encrypted, and no answer has it."""
        return await site_builds.set_variable(actor, name, NewVariable(variable, body.value, body.phase))

    @endpoint(api, "/sites/<name>/build/variables/<variable>", method="DELETE", status=204)
    async def delete_variable(*, actor: Actor, name: str, variable: str) -> None:
        """Forget a variable."""
        await site_builds.remove_variable(actor, name, variable)


def _add_deploys(api: Blueprint, jobs: Jobs) -> None:
    @endpoint(
        api,
        "/deploys/<deploy>/answer",
        method="POST",
        body=AnswerToSend,
        reply=DeployFacts,
        errors=(NotFound, Conflict, Invalid),
        right="deploy",
    )
    async def answer_deploy(*, actor: Actor, deploy: str, body: AnswerToSend) -> DeployFacts:
        """Say what the upload of a deploy in the state `asking` is; it goes on then."""
        return await jobs.answer(actor, deploy, Answer(body.generator, body.base, body.remember))

    @endpoint(
        api, "/deploys/<deploy>/cancel", method="POST", reply=DeployFacts, errors=(NotFound, Conflict), right="deploy"
    )
    async def cancel_deploy(*, actor: Actor, deploy: str) -> DeployFacts:
        """Call off a deploy that is under way: no process, no file and no half deploy is left of it."""
        return await jobs.cancel(actor, deploy)
