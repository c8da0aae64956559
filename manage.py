#!/usr/bin/env python
"""Minikweb's commands: `python manage.py help` lists them; one process per file of minikweb/management/commands/."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minikweb.settings")
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
