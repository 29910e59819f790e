"""Where a site is deployed from, and which webhooks have been taken."""

from tortoise import fields
from tortoise.models import Model

from appliance.models.account import Account
from appliance.models.site import Site


class GitSource(Model):
    """A site's repository. `token` and `secret` are sealed (`appliance.sealing`); it deploys in the name of `account`.

    `branch` is what goes live, "" for the repository's own choice; other branches become aliases where `previews` says
    so. `state` is what the last fetch came to: "", fetching, done or failed, with `detail` saying why.
    """

    site: fields.OneToOneRelation[Site] = fields.OneToOneField(
        "appliance.Site", related_name="git", on_delete=fields.CASCADE, primary_key=True
    )
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="git_sources", on_delete=fields.SET_NULL, null=True
    )
    url = fields.CharField(max_length=1000)
    branch = fields.CharField(max_length=255, default="")
    folder = fields.CharField(max_length=1024, default="")
    username = fields.CharField(max_length=255, default="")
    token = fields.TextField(default="")
    secret = fields.TextField(default="")
    previews = fields.BooleanField(default=True)
    state = fields.CharField(max_length=16, default="")
    detail = fields.CharField(max_length=1000, default="")
    fetched_branch = fields.CharField(max_length=255, default="")
    commit = fields.CharField(max_length=64, default="")
    deploy = fields.CharField(max_length=16, default="")
    changed_at = fields.DatetimeField(null=True)

    site_id: int
    account_id: int | None

    class Meta:
        table = "git_source"


class GitDelivery(Model):
    """A webhook that was taken, by a mark: its id as the sender gave it, or its body's hash. Never taken again."""

    id = fields.IntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="git_deliveries", on_delete=fields.CASCADE
    )
    mark = fields.CharField(max_length=128)
    at = fields.DatetimeField(auto_now_add=True)

    site_id: int

    class Meta:
        table = "git_delivery"
        unique_together = (("site", "mark"),)
