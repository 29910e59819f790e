"""Standard input, output and error, which whoever starts a program may have closed."""

import os


def fill() -> None:
    """Have the closed ones lead nowhere: else the next file or socket takes its number, and what is printed goes there.

    To be called before anything is opened. Children get them as well, and libuv ends a process that closes one.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            os.set_inheritable(descriptor, True)  # noqa: FBT003 - the os module's own signature
