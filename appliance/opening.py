"""The way in for who opens Dropdock by hand: an account of their own the first time, and a link that signs in once."""

import getpass
import re

import structlog
from tortoise.exceptions import BaseORMException

from appliance import accounts, set_up, sign_in_links
from appliance.access import Access
from appliance.accounts import NewAccount
from appliance.errors import Conflict

log = structlog.get_logger(__name__)


async def link(access: Access, url: str) -> str:
    """A link below the admin's address `url` that signs in as the first operator, who is made where there is none.

    Whoever may read and write the data folder has everything in it anyway, so nothing is asked. The account that is
    made has no password: it gets one when its owner sets one.
    """
    if await set_up.is_open():
        try:
            await accounts.create(access, None, NewAccount(own_name(), "operator"))
        except Conflict:
            pass  # somebody else who opened it at this moment has made it
    return sign_in_links.link_to(url, await sign_in_links.make(access))


async def language() -> str:
    """The language that the account a link signs in has chosen; "" where there is none, or the database fails."""
    try:
        row = await sign_in_links.holder()
    except BaseORMException as error:
        log.warning("language_not_read", reason=str(error))
        return ""
    return row.language if row else ""


def own_name() -> str:
    """Who is at this machine, in the form of an e-mail address, which is what names an account."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers; Windows has no `pwd` to ask
        user = ""
    return f"{re.sub(r'[^a-z0-9._-]', '', user.lower()) or 'me'}@localhost"
