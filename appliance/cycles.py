"""Python's collector of cyclic garbage, kept from looking through what a server has for as long as it runs.

A full collection goes through every object there is, 110,000 of them after the imports alone: some 50 ms in which
nobody is answered, for nothing.
"""

import gc


def wait() -> None:
    """Collect nothing until `keep`: while a program is imported, all that is made stays."""
    gc.disable()


def keep() -> None:
    """Look no more at what exists now, and collect what comes."""
    gc.freeze()
    gc.enable()


def keep_what_is_needed() -> None:
    """The same, after what has become garbage since the last time was collected."""
    gc.collect()
    gc.freeze()
