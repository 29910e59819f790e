"""How sites are built, their variables, and what became of the building of each deploy."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0005_repositories")]

    operations = [
        ops.CreateModel(
            name="SiteBuild",
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
                        related_name="build",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("generator", fields.CharField(default="auto", max_length=32)),
                ("base", fields.CharField(null=True, max_length=1024)),
                ("command", fields.CharField(default="", max_length=1024)),
                ("output", fields.CharField(default="", max_length=1024)),
                ("versions", fields.JSONField(default=dict)),
                ("flags", fields.JSONField(default=list)),
                ("install_scripts", fields.BooleanField(default=False)),
                ("changed_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={"table": "site_build", "app": "appliance", "pk_attr": "site_id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SiteVariable",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "site",
                    fields.ForeignKeyField(
                        "appliance.Site",
                        source_field="site_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="variables",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=128)),
                ("phase", fields.CharField(max_length=8)),
                ("sealed", fields.TextField()),
                ("changed_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
            ],
            options={
                "table": "site_variable",
                "app": "appliance",
                "unique_together": (("site", "name"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Build",
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
                        related_name="build",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("answer", fields.CharField(default="", max_length=32)),
                ("base", fields.CharField(null=True, max_length=1024)),
                ("detection", fields.JSONField(null=True)),
                ("generator", fields.CharField(default="", max_length=32)),
                ("attempts", fields.IntField(default=0)),
            ],
            options={"table": "build", "app": "appliance", "pk_attr": "deploy_id"},
            bases=["Model"],
        ),
    ]
