"""Tests of connections to addresses that strangers named."""
