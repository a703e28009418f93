"""Commands about messages: the search index."""
