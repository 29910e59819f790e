"""What stands before a site: its gate, and the links that lead past it."""

from tortoise import fields
from tortoise.models import Model

from appliance.models.account import Account
from appliance.models.site import Site


class SiteGate(Model):
    """A site's gate. `covers`: nothing, previews or everything; `version` changes with the password, and ends sessions.

    `password` is an argon2id hash, `bypass` the SHA-256 of the token for automation.
    """

    site: fields.OneToOneRelation[Site] = fields.OneToOneField(
        "appliance.Site", related_name="gate", on_delete=fields.CASCADE, primary_key=True
    )
    covers = fields.CharField(max_length=16)
    version = fields.CharField(max_length=32)
    password = fields.CharField(max_length=255, null=True)
    bypass = fields.CharField(max_length=64, null=True)
    changed_at = fields.DatetimeField()

    site_id: int

    class Meta:
        table = "site_gate"


class ShareLink(Model):
    """A link that lets in whoever has it, until it ends or is taken back, which deletes it."""

    id = fields.CharField(max_length=16, primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="share_links", on_delete=fields.CASCADE
    )
    author: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="share_links", on_delete=fields.SET_NULL, null=True
    )
    label = fields.CharField(max_length=100, default="")
    created_at = fields.DatetimeField(auto_now_add=True)
    expires_at = fields.DatetimeField()

    site_id: int
    author_id: int | None

    class Meta:
        table = "share_link"
