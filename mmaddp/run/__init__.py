"""Builds a Runner from a configuration file and a command line."""
