"""The screens, one file each: guard (at the edge), load, one call, render or redirect.

The states of each, which the tests look at, are listed in `tests/admin_ui/states.py`.
"""

from admin_ui.screens import (
    account,
    builds,
    checklist,
    components,
    deploy,
    events,
    first_run,
    gate,
    git,
    help_pages,
    history,
    look,
    people,
    sample,
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
    sample,
    checklist,
    site,
    site_settings,
    builds,
    gate,
    git,
    deploy,
    events,
    versions,
    account,
    look,
    people,
    history,
    system,
    stopping,
    help_pages,
    components,
)
