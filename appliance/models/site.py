"""Sites and how each wants to be answered."""

from tortoise import fields
from tortoise.models import Model

from appliance.models.account import Account


class Site(Model):
    """What an account publishes; the options go into each deploy from the next one on."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=48, unique=True)
    owner: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="sites", on_delete=fields.RESTRICT
    )
    created_at = fields.DatetimeField(auto_now_add=True)
    dialect = fields.CharField(max_length=16, default="netlify")
    html = fields.CharField(max_length=16, default="natural")
    spa = fields.BooleanField(default=False)
    minify = fields.BooleanField(default=True)
    any_case = fields.BooleanField(default=False, db_default=False)
    head_snippet = fields.TextField(null=True)  # null: none
    production_branch = fields.CharField(max_length=255, null=True)  # null: main
    last_number = fields.IntField(default=0)  # of the newest deploy; numbers are never given twice

    owner_id: int

    class Meta:
        table = "site"


class Member(Model):
    """An account that may do with a site what its owner may, but delete it and say who its members are."""

    id = fields.IntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="members", on_delete=fields.CASCADE
    )
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="memberships", on_delete=fields.CASCADE
    )
    since = fields.DatetimeField(auto_now_add=True)

    site_id: int
    account_id: int

    class Meta:
        table = "member"
        unique_together = (("site", "account"),)


class Removal(Model):
    """A site is deleted, by whom and when: nobody finds it, and it goes for good unless it is restored in time.

    Until then its name is taken, and everything of it stays as it was.
    """

    site: fields.OneToOneRelation[Site] = fields.OneToOneField(
        "appliance.Site", related_name="removal", on_delete=fields.CASCADE, primary_key=True
    )
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="removals", on_delete=fields.SET_NULL, null=True
    )
    at = fields.DatetimeField()

    site_id: int
    account_id: int | None

    class Meta:
        table = "removal"
