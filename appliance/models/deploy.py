"""Deploys, which of them is live, and how that came about."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from appliance.models.account import Account
from appliance.models.site import Site


class Deploy(Model):
    """One version of a site, from the moment its upload is here; unchangeable once `ready`.

    `state`: queued → ready, or failed (what is being worked on is queued here). `steps` is a list of
    {name, state, done, total, seconds}; `problems` what was found (see `storage.manifest.Found`); `manifest` the
    hash it is stored under.
    """

    id = fields.CharField(max_length=16, primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="deploys", on_delete=fields.CASCADE
    )
    number = fields.IntField()
    author: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="deploys", on_delete=fields.SET_NULL, null=True
    )
    message = fields.CharField(max_length=500, default="")
    draft = fields.BooleanField(default=False)
    state = fields.CharField(max_length=16)
    filename = fields.CharField(max_length=255, default="")
    created_at = fields.DatetimeField(auto_now_add=True)
    finished_at = fields.DatetimeField(null=True)
    manifest = fields.CharField(max_length=64, null=True)
    files = fields.IntField(default=0)
    bytes = fields.BigIntField(default=0)
    steps: fields.Field[list[dict[str, Any]]] = fields.JSONField(default=list)
    problems: fields.Field[list[dict[str, Any]]] = fields.JSONField(default=list)
    error: fields.Field[dict[str, Any] | None] = fields.JSONField(null=True)

    site_id: int
    author_id: int | None

    class Meta:
        table = "deploy"
        unique_together = (("site", "number"),)
        indexes = (("state",),)


class Live(Model):
    """The live pointer: which deploy visitors of a site get. A site without a row has nothing live."""

    site: fields.OneToOneRelation[Site] = fields.OneToOneField(
        "appliance.Site", related_name="live", on_delete=fields.CASCADE, primary_key=True
    )
    deploy: fields.ForeignKeyRelation[Deploy] = fields.ForeignKeyField(
        "appliance.Deploy", related_name="live_at", on_delete=fields.RESTRICT
    )

    site_id: int
    deploy_id: str

    class Meta:
        table = "live"


class Publication(Model):
    """One move of the live pointer: when, by whom, to what; `kind` is deploy, publish or rollback."""

    id = fields.IntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="publications", on_delete=fields.CASCADE
    )
    deploy: fields.ForeignKeyRelation[Deploy] = fields.ForeignKeyField(
        "appliance.Deploy", related_name="publications", on_delete=fields.CASCADE
    )
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="publications", on_delete=fields.SET_NULL, null=True
    )
    kind = fields.CharField(max_length=16)
    at = fields.DatetimeField(auto_now_add=True)

    site_id: int
    deploy_id: str
    account_id: int | None

    class Meta:
        table = "publication"
