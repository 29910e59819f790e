"""Aliases, publishing locks, keys of deploys, and what a sender says of a deploy."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0003_addresses_in_any_case")]

    operations = [
        ops.CreateModel(
            name="Alias",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="aliases",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=63)),
                (
                    "deploy",
                    fields.ForeignKeyField(
                        "appliance.Deploy",
                        source_field="deploy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="aliases",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("moved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "alias", "app": "appliance", "unique_together": (("site", "name"),), "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DeployKey",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="deploy_keys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(max_length=255)),
                (
                    "deploy",
                    fields.ForeignKeyField(
                        "appliance.Deploy",
                        source_field="deploy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="keys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={"table": "deploy_key", "app": "appliance", "unique_together": (("site", "key"),), "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PublishingLock",
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
                        related_name="publishing_lock",
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
                        related_name="publishing_locks",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("reason", fields.CharField(default="", max_length=200)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={"table": "publishing_lock", "app": "appliance", "pk_attr": "site_id"},
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Deploy",
            name="alias",
            field=fields.CharField(null=True, max_length=63),
        ),
        ops.AddField(
            model_name="Deploy",
            name="branch",
            field=fields.CharField(null=True, max_length=255),
        ),
        ops.AddField(
            model_name="Deploy",
            name="commit",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name="Deploy",
            name="expires_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Deploy",
            name="if_live",
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name="Deploy",
            name="source",
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AddField(
            model_name="Site",
            name="production_branch",
            field=fields.CharField(null=True, max_length=255),
        ),
    ]
