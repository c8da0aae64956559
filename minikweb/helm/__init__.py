"""Helm without a cluster: what a release's Secret holds, values, charts, and the official binary.

release.py      a release as Helm keeps it: a Secret of type helm.sh/release.v1
values.py       the chart's defaults under one's own values
chart.py        the files of a chart: read from a folder or an archive, written to be rendered
repository.py   a folder of charts as an HTTP repository: index.yaml and archives
problems.py     where in a chart an error of Helm's stands
binary.py       the helm binary: found, run in time and size

Source: helm.sh/helm/v4 (pkg/storage/driver, pkg/chart/common/util/coalesce.go, pkg/repo/v1), helm.sh/docs.
"""
