"""How the database's schema came to be: the list of migrations, oldest first, each run once and never changed.

Listed, not scanned: a frozen program has no folder to scan. Each depends on the one before it. A new one is drafted by
`tortoise -c appliance.db.MAKING makemigrations -n what_changes`, then read and added to `NAMES`; what reading looks for
is written, as tests, in `tests/appliance/test_migrations.py`.
"""

NAMES = (
    "0001_accounts_sites_deploys",
    "0002_gates",
    "0003_addresses_in_any_case",
    "0004_aliases_and_locks",
    "0005_repositories",
    "0006_builds",
    "0007_snippets_and_refinements",
    "0008_audit",
    "0009_members_and_rights",
    "0010_looks",
    "0011_languages",
    "0012_bytes_added",
    "0013_deleted_sites",
    "0014_plans",
    "0015_figures",
    "0016_made_again",
)
