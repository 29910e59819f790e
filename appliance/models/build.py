"""How sites are built, with their secret variables, and what became of the building of each deploy."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from appliance.models.deploy import Deploy
from appliance.models.site import Site


class SiteBuild(Model):
    """How a site's sources are built. A site without a row was never asked: its first source is a question.

    `generator` is auto (not decided), static or a generator's name; `base` is null where it is to be found. `versions`
    are by tool; `flags` a list of texts.
    """

    site: fields.OneToOneRelation[Site] = fields.OneToOneField(
        "appliance.Site", related_name="build", on_delete=fields.CASCADE, primary_key=True
    )
    generator = fields.CharField(max_length=32, default="auto")
    base = fields.CharField(max_length=1024, null=True)
    command = fields.CharField(max_length=1024, default="")
    output = fields.CharField(max_length=1024, default="")
    versions: fields.Field[dict[str, str]] = fields.JSONField(default=dict)
    flags: fields.Field[list[str]] = fields.JSONField(default=list)
    install_scripts = fields.BooleanField(default=False)
    changed_at = fields.DatetimeField(auto_now=True)

    site_id: int

    class Meta:
        table = "site_build"


class SiteVariable(Model):
    """A variable of a site's builds: its name is shown, its value never. `phase` is build, fetch or both."""

    id = fields.IntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "appliance.Site", related_name="variables", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=128)
    phase = fields.CharField(max_length=8)
    sealed = fields.TextField()  # see `appliance.sealing`
    changed_at = fields.DatetimeField(auto_now=True)

    site_id: int

    class Meta:
        table = "site_variable"
        unique_together = (("site", "name"),)


class Build(Model):
    """What there is to say of a deploy's building; a deploy of plain files has no row, unless its work was cut short.

    `answer` is what somebody said the upload is (auto, static or a generator), `base` where. `detection` is what it
    was taken for (see `appliance.deploys.DetectionFacts`), `generator` what built it. `attempts` counts the starts of
    the server that found this deploy half done.
    """

    deploy: fields.OneToOneRelation[Deploy] = fields.OneToOneField(
        "appliance.Deploy", related_name="build", on_delete=fields.CASCADE, primary_key=True
    )
    answer = fields.CharField(max_length=32, default="")
    base = fields.CharField(max_length=1024, null=True)
    detection: fields.Field[dict[str, Any] | None] = fields.JSONField(null=True)
    generator = fields.CharField(max_length=32, default="")
    attempts = fields.IntField(default=0)

    deploy_id: str

    class Meta:
        table = "build"
