"""What a child process of ours finds in its environment."""

import os


def bare_environment() -> dict[str, str]:
    """The environment without the server's settings and keys: a child has no use for them, and some are secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("DROPDOCK_", "AWS_"))}
