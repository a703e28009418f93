"""The site's composition: settings, URLs, routing of events and the WSGI application. Only these modules know all apps.

The packages below it, from the top of the order of imports: operations, web, realtime, database, observability, contract.
"""
