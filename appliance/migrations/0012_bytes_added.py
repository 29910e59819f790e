"""What content a deploy brought that was not live before it."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0011_languages")]

    operations = [
        ops.AddField(
            model_name="Deploy",
            name="bytes_added",
            field=fields.BigIntField(null=True),
        ),
    ]
