"""The site's own emoji: pictures with a name, which people write as `:name:`."""
