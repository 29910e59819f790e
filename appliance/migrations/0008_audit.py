"""The audit log: who changed what."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0007_snippets_and_refinements")]

    operations = [
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "appliance.Account",
                        source_field="account_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="audit_entries",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("who", fields.CharField(default="", max_length=254)),
                ("via", fields.CharField(default="", max_length=120)),
                ("address", fields.CharField(default="", max_length=45)),
                ("action", fields.CharField(max_length=32)),
                ("site", fields.CharField(default="", max_length=63)),
                ("site_key", fields.IntField(null=True)),
                ("details", fields.JSONField(default=dict)),
            ],
            options={
                "table": "audit_entry",
                "app": "appliance",
                "indexes": [Index(fields=["at"]), Index(fields=["site_key"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
