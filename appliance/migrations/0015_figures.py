"""Figures over time: traffic by hour and by day, storage by day."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0014_plans")]

    operations = [
        ops.CreateModel(
            name="StorageFigure",
            fields=[
                (
                    "at",
                    fields.DatetimeField(
                        primary_key=True, unique=True, db_index=True, auto_now=False, auto_now_add=False
                    ),
                ),
                ("database", fields.BigIntField()),
                ("blobs", fields.BigIntField()),
                ("cache", fields.BigIntField()),
            ],
            options={"table": "storage_figure", "app": "appliance", "pk_attr": "at"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TrafficFigure",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="traffic_figures",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("span", fields.CharField(max_length=4)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("status_2xx", fields.BigIntField(default=0)),
                ("status_3xx", fields.BigIntField(default=0)),
                ("status_4xx", fields.BigIntField(default=0)),
                ("status_5xx", fields.BigIntField(default=0)),
                ("bytes", fields.BigIntField(default=0)),
            ],
            options={
                "table": "traffic_figure",
                "app": "appliance",
                "unique_together": (("site", "span", "at"),),
                "indexes": [Index(fields=["span", "at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
