"""What sites were asked for, hour by hour and day by day."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0011_languages")]

    operations = [
        ops.CreateModel(
            name="SiteFigure",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="figures",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("span", fields.CharField(max_length=4)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("found", fields.BigIntField(default=0)),
                ("redirected", fields.BigIntField(default=0)),
                ("refused", fields.BigIntField(default=0)),
                ("failed", fields.BigIntField(default=0)),
                ("bytes", fields.BigIntField(default=0)),
            ],
            options={
                "table": "site_figure",
                "app": "appliance",
                "unique_together": (("site", "span", "at"),),
                "indexes": [Index(fields=["span", "at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
