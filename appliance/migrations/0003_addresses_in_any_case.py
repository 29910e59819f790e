"""Sites whose addresses may be written in capitals."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("appliance", "0002_gates")]

    operations = [
        ops.AddField(
            model_name="Site",
            name="any_case",
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
