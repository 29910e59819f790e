"""The first schema: accounts with their sessions and tokens, sites, deploys and what is live."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("email", fields.CharField(unique=True, max_length=254)),
                ("role", fields.CharField(max_length=16)),
                ("password", fields.CharField(null=True, max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("disabled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "account", "app": "appliance", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PersonalToken",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "appliance.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=100)),
                ("hash", fields.CharField(unique=True, max_length=64)),
                ("hint", fields.CharField(max_length=16)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("last_used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "personal_token",
                "app": "appliance",
                "unique_together": (("account", "name"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "appliance.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("client", fields.CharField(default="", max_length=200)),
            ],
            options={"table": "session", "app": "appliance", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RefreshToken",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "session",
                    fields.ForeignKeyField(
                        "appliance.Session",
                        source_field="session_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("hash", fields.CharField(unique=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "refresh_token", "app": "appliance", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SetUp",
            fields=[
                ("id", fields.IntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("token_hash", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("claimed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "set_up", "app": "appliance", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SignInFailure",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("email_hash", fields.CharField(unique=True, max_length=64)),
                ("count", fields.IntField(default=0)),
                ("first_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("blocked_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "sign_in_failure", "app": "appliance", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Site",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(unique=True, max_length=48)),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "appliance.Account",
                        source_field="owner_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sites",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("dialect", fields.CharField(default="netlify", max_length=16)),
                ("html", fields.CharField(default="natural", max_length=16)),
                ("spa", fields.BooleanField(default=False)),
                ("minify", fields.BooleanField(default=True)),
                ("last_number", fields.IntField(default=0)),
            ],
            options={"table": "site", "app": "appliance", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Deploy",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=16)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="deploys",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("number", fields.IntField()),
                (
                    "author",
                    fields.ForeignKeyField(
                        "appliance.Account",
                        source_field="author_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="deploys",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("message", fields.CharField(default="", max_length=500)),
                ("draft", fields.BooleanField(default=False)),
                ("state", fields.CharField(max_length=16)),
                ("filename", fields.CharField(default="", max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("manifest", fields.CharField(null=True, max_length=64)),
                ("files", fields.IntField(default=0)),
                ("bytes", fields.BigIntField(default=0)),
                ("steps", fields.JSONField(default=list)),
                ("problems", fields.JSONField(default=list)),
                ("error", fields.JSONField(null=True)),
            ],
            options={
                "table": "deploy",
                "app": "appliance",
                "unique_together": (("site", "number"),),
                "indexes": [Index(fields=["state"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Live",
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
                        related_name="live",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "deploy",
                    fields.ForeignKeyField(
                        "appliance.Deploy",
                        source_field="deploy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="live_at",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={"table": "live", "app": "appliance", "pk_attr": "site_id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Publication",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="publications",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "deploy",
                    fields.ForeignKeyField(
                        "appliance.Deploy",
                        source_field="deploy_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="publications",
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
                        related_name="publications",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("kind", fields.CharField(max_length=16)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={"table": "publication", "app": "appliance", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
