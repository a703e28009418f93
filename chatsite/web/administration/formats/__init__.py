"""How the administration writes times (Django's `FORMAT_MODULE_PATH`): as the site's other pages do."""
