"""Shared parts of the REST API: errors, pagination, parsers, throttles, the OpenAPI document, the browsable API."""
