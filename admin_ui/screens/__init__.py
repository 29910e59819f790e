"""The screens, one file each: guard (at the edge), load, one call, render or redirect."""

from admin_ui.screens import (
    account,
    builds,
    deploy,
    first_run,
    gate,
    git,
    help_pages,
    history,
    people,
    sign_in,
    site,
    site_settings,
    sites,
    stopping,
    system,
    versions,
)

SCREENS = (
    first_run,
    sign_in,
    sites,
    site,
    site_settings,
    builds,
    gate,
    git,
    deploy,
    versions,
    account,
    people,
    history,
    system,
    stopping,
    help_pages,
)
