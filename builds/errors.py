"""What can go wrong with an upload or a build, in words for the site's author."""


class BuildError(Exception):
    """The upload or build was refused, with nothing stored.

    `code` is stable, `detail` one sentence that says what to do, `path` the entry it is about, `limit` the setting
    that was hit as (name, value as written in `appliance.toml`), `retry` whether trying again unchanged can help,
    `lines` what the log said last before it.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        path: str | None = None,
        limit: tuple[str, str] | None = None,
        retry: bool = False,
        lines: tuple[str, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.path = path
        self.limit = limit
        self.retry = retry
        self.lines = lines
