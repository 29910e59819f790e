"""The version of Dropdock; `tests/test_docs.py` holds it equal to the changelog's first heading."""

VERSION = "0.1.0"
