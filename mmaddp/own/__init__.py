"""Whole chains, from a folder of pictures to models and a report."""
