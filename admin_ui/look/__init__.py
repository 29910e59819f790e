"""How the admin looks: named values and their meanings, themes, and the style sheets made of them."""
