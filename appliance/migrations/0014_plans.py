"""The plan of an account, and how long its sites were built."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0013_deleted_sites")]

    operations = [
        ops.AddField(
            model_name="Account",
            name="plan",
            field=fields.CharField(null=True, max_length=40),
        ),
        ops.CreateModel(
            name="BuildTime",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "appliance.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="build_times",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("month", fields.CharField(max_length=7)),
                ("seconds", fields.FloatField(default=0)),
            ],
            options={
                "table": "build_time",
                "app": "appliance",
                "unique_together": (("account", "month"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
