"""A snippet for each site; better compressed forms made in the background, and what they save."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0006_builds")]

    operations = [
        ops.AddField(
            model_name="Site",
            name="head_snippet",
            field=fields.TextField(null=True),
        ),
        ops.AddField(
            model_name="Deploy",
            name="bytes_saved",
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.CreateModel(
            name="Refinement",
            fields=[
                (
                    "deploy",
                    fields.OneToOneField(
                        "appliance.Deploy",
                        source_field="deploy_id",
                        primary_key=True,
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="refinement",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("attempts", fields.IntField(default=0)),
            ],
            options={"table": "refinement", "app": "appliance", "pk_attr": "deploy_id"},
            bases=["Model"],
        ),
    ]
