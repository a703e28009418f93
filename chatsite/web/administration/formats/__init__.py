"""Formats of dates and times in the administration (Django's `FORMAT_MODULE_PATH`): those of the site's other pages."""
