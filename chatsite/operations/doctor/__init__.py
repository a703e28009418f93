"""Checks of a site: settings, machine, database, dependencies, and the site from outside through its proxy."""
