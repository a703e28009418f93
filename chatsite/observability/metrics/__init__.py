"""Counters of a process, and `/metrics`, which reads them for Prometheus."""
