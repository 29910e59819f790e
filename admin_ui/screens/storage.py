"""What an account's sites take of the disk and of its plan, for the screens that show it."""

from admin_ui.context.usage import Storage, account_storage
from admin_ui.edge import Visit


async def storage_of(visit: Visit, account: int) -> Storage:
    """One's own, or any account's for operators and admins."""
    allowance = visit.parts.allowance
    usage = await allowance.usage.of_account(visit.actor, account)
    return account_storage(usage, await allowance.standing(visit.actor, account))
