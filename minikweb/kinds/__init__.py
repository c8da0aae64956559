"""The vocabulary: one declaration per kind, from which discovery, routes, checks, printing and completion come.

One file per API group, pure like apimachinery: defaults, validation, printer columns and health are functions
on plain dicts. Adding a kind edits one file and the list in `registry.py`.
"""
