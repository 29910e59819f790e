"""The web admin: screens over the same modules as the API, rendered on the server; scripts only improve them."""

from admin_ui.app import blueprints, findings

__all__ = ["blueprints", "findings"]
