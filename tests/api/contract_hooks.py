"""What schemathesis is told beside the document: which things are really there."""

import os
from typing import Any

import schemathesis

REAL = {"name": "docs", "deploy": os.environ["CONTRACT_DEPLOY"]}


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Every other time, ask about what is really there."""
    if not isinstance(path_parameters, dict):
        return path_parameters
    if context.operation.method.upper() == "DELETE":
        return path_parameters  # nothing would be left to ask about
    if hash(str(path_parameters)) % 2:
        return path_parameters
    return {name: REAL.get(name, value) for name, value in path_parameters.items()}
