"""Serving of files to those who may read them."""
