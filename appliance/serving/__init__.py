"""The data plane: immutable values and look-ups. No Quart, no database, no settings."""
