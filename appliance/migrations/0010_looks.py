"""How the admin looks to an account."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0009_members_and_rights")]

    operations = [
        ops.AddField(
            model_name="Account",
            name="scheme",
            field=fields.CharField(default="", db_default="", max_length=8),
        ),
        ops.AddField(
            model_name="Account",
            name="density",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
        ops.AddField(
            model_name="Account",
            name="theme",
            field=fields.CharField(default="", db_default="", max_length=32),
        ),
    ]
