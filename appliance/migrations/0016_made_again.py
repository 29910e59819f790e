"""Which deploy's files a deploy was made of once more."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0015_figures")]

    operations = [
        ops.AddField(
            model_name="Deploy",
            name="again_of",
            field=fields.IntField(null=True),
        ),
    ]
