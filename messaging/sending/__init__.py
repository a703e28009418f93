"""Sending: drafts are authorised, rendered and stored in batches. Use it through `messaging.services`."""
