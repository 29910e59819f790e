"""Figures over time: what visitors asked, by hour and by day, and what the data folder took, by day."""

from tortoise import fields
from tortoise.models import Model

from appliance.models.site import Site


class TrafficFigure(Model):
    """What a site was asked for in one hour or on one day: requests by class of status, and bytes of bodies sent.

    `span` is hour or day, `at` its beginning, UTC. Hours add up to their day; both are kept, each for its time.
    """

    id = fields.BigIntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="traffic_figures", on_delete=fields.CASCADE
    )
    span = fields.CharField(max_length=4)
    at = fields.DatetimeField()
    status_2xx = fields.BigIntField(default=0)
    status_3xx = fields.BigIntField(default=0)
    status_4xx = fields.BigIntField(default=0)
    status_5xx = fields.BigIntField(default=0)
    bytes = fields.BigIntField(default=0)

    site_id: int

    class Meta:
        table = "traffic_figure"
        unique_together = (("site", "span", "at"),)
        indexes = (("span", "at"),)


class StorageFigure(Model):
    """What the data folder took on one day, in bytes; `at` is its beginning, UTC."""

    at = fields.DatetimeField(primary_key=True)
    database = fields.BigIntField()
    blobs = fields.BigIntField()
    cache = fields.BigIntField()

    class Meta:
        table = "storage_figure"
