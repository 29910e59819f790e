"""One file per table family; `MODULES` is the one list of them."""

MODULES = (
    "appliance.models.account",
    "appliance.models.site",
    "appliance.models.deploy",
    "appliance.models.gate",
    "appliance.models.git",
    "appliance.models.build",
    "appliance.models.audit",
    "appliance.models.figures",
)
