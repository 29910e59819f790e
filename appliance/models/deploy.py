"""Deploys, which of them is live, and how that came about."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from appliance.models.account import Account
from appliance.models.site import Site


class Deploy(Model):
    """One version of a site, from the moment its content is here; unchangeable once `ready`.

    `state`: queued → ready → expired, or failed, cancelled, superseded; queued → asking → queued where somebody has to
    say how it is built (what is being worked on is queued here). `steps` is a list of
    {name, state, done, total, seconds}; `problems` what was found (see `storage.manifest.Found`); `manifest` the
    hash it is stored under, `bytes_saved` what a visitor who gets every file is not sent of `bytes`, `bytes_added` what
    was live when it was made had not of its content (null: not known). `alias` and `if_live` are what its
    sender asked for: the alias it gets once it is ready, and the deploy that has to be live still when it goes live.
    `source` is the program that sent it, `again_of` the number of the deploy whose files it was made of once more.
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
    bytes_saved = fields.BigIntField(default=0, db_default=0)
    bytes_added = fields.BigIntField(null=True)
    steps: fields.Field[list[dict[str, Any]]] = fields.JSONField(default=list)
    problems: fields.Field[list[dict[str, Any]]] = fields.JSONField(default=list)
    error: fields.Field[dict[str, Any] | None] = fields.JSONField(null=True)
    branch = fields.CharField(max_length=255, null=True)
    commit = fields.CharField(max_length=64, null=True)
    source = fields.CharField(max_length=32, null=True)
    alias = fields.CharField(max_length=63, null=True)
    if_live = fields.CharField(max_length=16, null=True)
    expires_at = fields.DatetimeField(null=True)
    again_of = fields.IntField(null=True)

    site_id: int
    author_id: int | None
    build: Any  # the row in `build`, once that was fetched

    class Meta:
        table = "deploy"
        unique_together = (("site", "number"),)
        indexes = (("state",),)


class Refinement(Model):
    """Better compressed forms of a ready deploy are to be made; the row goes with the work, however it ends.

    `attempts` counts how often that was begun.
    """

    deploy: fields.OneToOneRelation[Deploy] = fields.OneToOneField(
        "appliance.Deploy", related_name="refinement", on_delete=fields.CASCADE, primary_key=True
    )
    attempts = fields.IntField(default=0)

    deploy_id: str

    class Meta:
        table = "refinement"


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
    """One move of the live pointer: when, by whom, to what; `kind` is deploy, publish, rollback, expire or undo; undone
    once it was taken back.
    """

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


class Alias(Model):
    """A named pointer to a deploy, with a host of its own: `staging`, or a branch."""

    id = fields.IntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="aliases", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=63)
    deploy: fields.ForeignKeyRelation[Deploy] = fields.ForeignKeyField(
        "appliance.Deploy", related_name="aliases", on_delete=fields.CASCADE
    )
    moved_at = fields.DatetimeField()

    site_id: int
    deploy_id: str

    class Meta:
        table = "alias"
        unique_together = (("site", "name"),)


class PublishingLock(Model):
    """Somebody keeps what a site's visitors get as it is. A site without a row is not locked."""

    site: fields.OneToOneRelation[Site] = fields.OneToOneField(
        "appliance.Site", related_name="publishing_lock", on_delete=fields.CASCADE, primary_key=True
    )
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="publishing_locks", on_delete=fields.SET_NULL, null=True
    )
    reason = fields.CharField(max_length=200, default="")
    at = fields.DatetimeField(auto_now_add=True)

    site_id: int
    account_id: int | None

    class Meta:
        table = "publishing_lock"


class DeployKey(Model):
    """The key a sender gave a deploy, so that the same request sent again makes no second one; forgotten in time."""

    id = fields.IntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="deploy_keys", on_delete=fields.CASCADE
    )
    key = fields.CharField(max_length=255)
    deploy: fields.ForeignKeyRelation[Deploy] = fields.ForeignKeyField(
        "appliance.Deploy", related_name="keys", on_delete=fields.CASCADE
    )
    created_at = fields.DatetimeField(auto_now_add=True)

    site_id: int
    deploy_id: str

    class Meta:
        table = "deploy_key"
        unique_together = (("site", "key"),)
