"""Accounts and everything that proves who one is: sessions, refresh tokens, personal tokens, the set-up link."""

from tortoise import fields
from tortoise.models import Model


class Account(Model):
    """A person who signs in. `email` is kept lower-cased; without a password only personal tokens work."""

    id = fields.IntField(primary_key=True)
    email = fields.CharField(max_length=254, unique=True)
    role = fields.CharField(max_length=16)
    password = fields.CharField(max_length=255, null=True)  # an argon2id hash
    created_at = fields.DatetimeField(auto_now_add=True)
    disabled_at = fields.DatetimeField(null=True)
    scheme = fields.CharField(max_length=8, default="", db_default="")  # light, dark; empty: the system's
    density = fields.CharField(max_length=16, default="", db_default="")  # compact; empty: comfortable
    theme = fields.CharField(max_length=32, default="", db_default="")  # empty: the installation's
    language = fields.CharField(max_length=16, default="", db_default="")  # a tag such as de; empty: as browsers ask
    plan = fields.CharField(max_length=40, null=True)  # null: the installation's usual one

    class Meta:
        table = "account"


class BuildTime(Model):
    """How many seconds the sites of an account were built in a month (UTC, `2026-11`)."""

    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="build_times", on_delete=fields.CASCADE
    )
    month = fields.CharField(max_length=7)
    seconds = fields.FloatField(default=0)

    account_id: int

    class Meta:
        table = "build_time"
        unique_together = (("account", "month"),)


class Session(Model):
    """One sign-in: the family of refresh tokens that descend from it. Ends as a whole."""

    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="sessions", on_delete=fields.CASCADE
    )
    created_at = fields.DatetimeField(auto_now_add=True)
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    client = fields.CharField(max_length=200, default="")

    account_id: int

    class Meta:
        table = "session"


class RefreshToken(Model):
    """A refresh token, known by its hash; used once. A second use ends the session (RFC 9700 §4.14.2)."""

    id = fields.IntField(primary_key=True)
    session: fields.ForeignKeyRelation[Session] = fields.ForeignKeyField(
        "appliance.Session", related_name="tokens", on_delete=fields.CASCADE
    )
    hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    used_at = fields.DatetimeField(null=True)

    session_id: int

    class Meta:
        table = "refresh_token"


class PersonalToken(Model):
    """A token for scripts, known by its hash; `hint` is its beginning, shown to tell tokens apart.

    `right` is read, deploy or all; with `site_key` it is for the site of that number only.
    """

    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "appliance.Account", related_name="tokens", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=100)
    hash = fields.CharField(max_length=64, unique=True)
    hint = fields.CharField(max_length=16)
    created_at = fields.DatetimeField(auto_now_add=True)
    last_used_at = fields.DatetimeField(null=True)
    right = fields.CharField(max_length=16, default="all", db_default="all")
    site_key = fields.IntField(null=True)

    account_id: int

    class Meta:
        table = "personal_token"
        unique_together = (("account", "name"),)


class SignInFailure(Model):
    """Failed sign-ins for one e-mail address, by its hash, whether or not an account has it."""

    id = fields.IntField(primary_key=True)
    email_hash = fields.CharField(max_length=64, unique=True)
    count = fields.IntField(default=0)
    first_at = fields.DatetimeField()
    blocked_until = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in_failure"


class SetUp(Model):
    """The one-time set-up of this installation: one row, id 1, claimed once."""

    id = fields.IntField(primary_key=True, generated=False)
    token_hash = fields.CharField(max_length=64)
    created_at = fields.DatetimeField(auto_now_add=True)
    claimed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "set_up"
