#!/bin/sh
# Makes the base that the other images are compiled on, where debian:12-slim cannot be pulled.
# Needs mmdebstrap (apt install mmdebstrap), a Debian mirror and the docker command. Usage: base.sh [tag]
set -eu
tag=${1:-minikweb/base:12}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mmdebstrap --quiet --variant=minbase --include=gcc,libc6-dev,busybox-static,nftables,unbound,conntrack,iproute2 \
    --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    bookworm "$work/base.tar"
docker import --message "debian 12 with a C compiler" "$work/base.tar" "$tag"
