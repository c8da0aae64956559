#!/bin/sh
# run    is a node until SIGTERM: loads what it was last told, then answers DNS
# apply  takes up what /etc/minikweb holds now: routes, rules.nft, names.conf; `stale` names connections to forget
# SIGHUP to `run` takes up the names alone: a signal costs Docker a tenth of a command
set -u
state=/etc/minikweb

apply() {
    if [ -e $state/routes ]; then ip -force -batch $state/routes; fi
    if [ -e $state/rules.nft ]; then nft -f $state/rules.nft || exit 1; fi
    if [ -e $state/stale ]; then
        while read -r line; do
            # shellcheck disable=SC2086  # the line is a list of arguments
            conntrack -D $line >/dev/null 2>&1
        done <$state/stale
        rm $state/stale
    fi
}

rename() {
    if [ -e $state/names.new ]; then
        mv $state/names.new $state/names.conf
        kill -HUP "$(cat /run/unbound.pid)"
    fi
}

case ${1:-run} in
apply)
    apply
    rename
    ;;
run)
    trap 'exit 0' TERM INT
    trap rename HUP
    [ -z "${DNS:-}" ] || ip address replace "$DNS/32" dev lo
    if [ -e $state/names.new ]; then mv $state/names.new $state/names.conf; fi
    apply
    while [ -n "${DNS:-}" ]; do
        unbound -d -c /etc/unbound/unbound.conf &
        server=$!
        while kill -0 $server 2>/dev/null; do wait $server; done # a trapped signal ends a wait, too
        sleep 1 &
        wait $!
    done
    sleep infinity &
    wait $!
    ;;
esac
