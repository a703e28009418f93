"""The site's administration: its lists, filters, acts on many rows, completion and front page, as all apps use them."""
