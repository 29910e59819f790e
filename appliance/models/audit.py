"""What was changed by whom: one row a change, added and never altered."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from appliance.models.account import Account


class AuditEntry(Model):
    """One change. `who` and `site` are kept as text, so that an entry says who and what also when they are gone.

    `site_key` is the number of the site, which no other ever gets, though its name may be given again.
    `action` is a key of `audit.ACTIONS`; `details` are what its sentence names, and what else is worth knowing.
    """

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField(auto_now_add=True)
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="audit_entries", on_delete=fields.SET_NULL, null=True
    )
    who = fields.CharField(max_length=254, default="")
    via = fields.CharField(max_length=120, default="")
    address = fields.CharField(max_length=45, default="")
    action = fields.CharField(max_length=32)
    site = fields.CharField(max_length=63, default="")
    site_key = fields.IntField(null=True)
    details: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)

    account_id: int | None

    class Meta:
        table = "audit_entry"
        indexes = (("at",), ("site_key",))
