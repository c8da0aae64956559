"""Argo CD's model without a cluster: what git says, how it differs from what is there, in which order to mend it.

application.py   what an Application asks for, read and checked
repository.py    the door to git: a revision's commit, a commit's files
manifests.py     files → objects: a folder of YAML, a Helm chart
desired.py       both of them, for many Applications: revisions and objects, remembered while nothing moves
tracking.py      which Application an object belongs to
health.py        how an object is, in Argo CD's words
comparison.py    wanted and live objects → synced, out of sync, to be pruned
plan.py          phases, waves and hooks: what to do next
policy.py        whether to synchronise by oneself
project.py       what an AppProject allows
server.py        the git server in the box: repositories of a folder, by git's own HTTP program

Everything but repository.py, desired.py, server.py (git) and the charts of manifests.py (helm) is data in, data out.
Source: https://argo-cd.readthedocs.io, github.com/argoproj/gitops-engine (pkg/diff, pkg/health, pkg/sync).
"""
