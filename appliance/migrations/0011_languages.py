"""An account's language."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0010_looks")]

    operations = [
        ops.AddField(
            model_name="Account",
            name="language",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
    ]
