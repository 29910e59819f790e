"""Gates of sites, and the links that lead past them."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0001_accounts_sites_deploys")]

    operations = [
        ops.CreateModel(
            name="ShareLink",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="share_links",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "author",
                    fields.ForeignKeyField(
                        "appliance.Account",
                        source_field="author_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="share_links",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("label", fields.CharField(default="", max_length=100)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "share_link", "app": "appliance", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SiteGate",
            fields=[
                (
                    "site",
                    fields.OneToOneField(
                        "appliance.Site",
                        source_field="site_id",
                        primary_key=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="gate",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("covers", fields.CharField(max_length=16)),
                ("version", fields.CharField(max_length=32)),
                ("password", fields.CharField(null=True, max_length=255)),
                ("bypass", fields.CharField(null=True, max_length=64)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "site_gate", "app": "appliance", "pk_attr": "site_id"},
            bases=["Model"],
        ),
    ]
