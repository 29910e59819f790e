"""What sites were asked for, hour by hour and day by day."""

from tortoise import fields
from tortoise.models import Model

from appliance.models.site import Site


class SiteFigure(Model):
    """One site in one hour or one day that had visitors; `at` is its beginning, in UTC.

    `span` is `hour` or `day`. `bytes` are those of bodies sent; requests are kept by class of status, so their number
    is the sum of the four.
    """

    id = fields.BigIntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="figures", on_delete=fields.CASCADE
    )
    span = fields.CharField(max_length=4)
    at = fields.DatetimeField()
    found = fields.BigIntField(default=0)  # 1xx and 2xx
    redirected = fields.BigIntField(default=0)  # 3xx
    refused = fields.BigIntField(default=0)  # 4xx
    failed = fields.BigIntField(default=0)  # 5xx
    bytes = fields.BigIntField(default=0)

    site_id: int

    class Meta:
        table = "site_figure"
        unique_together = (("site", "span", "at"),)
        indexes = (("span", "at"),)
