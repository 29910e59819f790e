"""Other hosts' clients, which deploy here unchanged: one module each, and the one list of them."""

import re

from appliance.clients import cloudflare, netlify, surge
from appliance.clients.edge import Client

CLIENTS: tuple[Client, ...] = (netlify.CLIENT, cloudflare.CLIENT, surge.CLIENT)
STREAMED = re.compile("|".join(client.streams for client in CLIENTS))
"""Method and path of requests whose body the adapters read themselves."""
