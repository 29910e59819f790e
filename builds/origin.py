"""Where files come from that are taken in, in the words of what refuses them: an upload, or what a build made."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """What is said of files from one place; each text is one sentence, for `str.format`.

    `less` follows a limit that was hit, `twice` is about one name and `alike` about two that are one in other letters.
    """

    entries: str
    size: str
    less: str
    unsafe: str
    empty: str
    twice: str
    alike: str
    file_and_folder: str


UPLOAD = Origin(
    entries="The upload has more than {limit} entries.",
    size="The upload is larger than {limit} when it is unpacked.",
    less=" The limit is {name} = {value}; send less, or ask the operator to raise it.",
    unsafe="The name “{name}” {fault}; rename it and upload again. Nothing was stored.",
    empty="The upload holds no file of a site; pack your pages and upload them again.",
    twice="The upload holds “{one}” more than once, with different contents; keep one of them and upload again.",
    alike=(
        "The upload holds “{one}” and “{other}” more than once, with different contents; "
        "keep one of them and upload again."
    ),
    file_and_folder="“{path}” is both a file and a folder in the upload; rename one and upload again.",
)
OUTPUT = Origin(
    entries="The build's output has more than {limit} entries.",
    size="The build's output is larger than {limit}.",
    less=" The limit is {name} = {value}; have the build make less, or ask the operator to raise it.",
    unsafe="The build made “{name}”, a name that {fault}; rename what it is made from. Nothing was stored.",
    empty="The build's output holds no file of a site, only such as are left out; have it make pages there.",
    twice=(
        "The build's output holds “{one}” in two spellings of its letters, with different contents; "
        "rename what one of them is made from."
    ),
    alike=(
        "The build's output holds “{one}” and “{other}”, which are one name where capitals do not count, "
        "with different contents; rename what one of them is made from."
    ),
    file_and_folder=(
        "“{path}” is both a file and a folder in the build's output; rename what one of them is made from."
    ),
)
