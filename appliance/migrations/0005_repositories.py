"""Repositories that sites are deployed from, and the webhooks that have been taken."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0004_aliases_and_locks")]

    operations = [
        ops.CreateModel(
            name="GitDelivery",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="git_deliveries",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("mark", fields.CharField(max_length=128)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={
                "table": "git_delivery",
                "app": "appliance",
                "unique_together": (("site", "mark"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="GitSource",
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
                        related_name="git",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "appliance.Account",
                        source_field="account_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="git_sources",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("url", fields.CharField(max_length=1000)),
                ("branch", fields.CharField(default="", max_length=255)),
                ("folder", fields.CharField(default="", max_length=1024)),
                ("username", fields.CharField(default="", max_length=255)),
                ("token", fields.TextField(default="", unique=False)),
                ("secret", fields.TextField(default="", unique=False)),
                ("previews", fields.BooleanField(default=True)),
                ("state", fields.CharField(default="", max_length=16)),
                ("detail", fields.CharField(default="", max_length=1000)),
                ("fetched_branch", fields.CharField(default="", max_length=255)),
                ("commit", fields.CharField(default="", max_length=64)),
                ("deploy", fields.CharField(default="", max_length=16)),
                ("changed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "git_source",
                "app": "appliance",
                "pk_attr": "site_id",
            },
            bases=["Model"],
        ),
    ]
