"""Members of sites, and what tokens may do."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0008_audit")]

    operations = [
        ops.AddField(
            model_name="PersonalToken",
            name="right",
            field=fields.CharField(default="all", db_default="all", max_length=16),
        ),
        ops.AddField(
            model_name="PersonalToken",
            name="site_key",
            field=fields.IntField(null=True),
        ),
        ops.CreateModel(
            name="Member",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="members",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "appliance.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="memberships",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={"table": "member", "app": "appliance", "unique_together": (("site", "account"),), "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
