#!/usr/bin/env bash
# The README's first minutes in a bare Debian 13, by a user without sudo and with an empty home directory.
#
# sudo tests/newcomer/run.sh [BASE]
#
# Needs root, debootstrap, and the Debian and Python packages that apt and pip reach from this machine, whose settings
# are copied. BASE is a root that debootstrap made before, to save its two minutes. Tests only committed files. Exits
# with 0 if all went well. Mounts and processes are gone with this script, even if it is killed. The next run removes
# what a killed one left on the disk.
set -eu -o pipefail
project="$(cd "$(dirname "$0")/../.." && pwd)"
base="${2:-${1:-}}"
rooms=/var/tmp
chroot="$(PATH=/usr/sbin:/sbin:$PATH command -v chroot)"

fail() {
    echo "newcomer: $*" >&2
    exit 1
}

# As what runs here finds it: proxies, and certificates of this machine's own, which the root gets a copy of.
settings() {
    for name in http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY UV_DEFAULT_INDEX; do
        [ -z "${!name:-}" ] || echo "$name=${!name}"
    done
    for name in index-url proxy trusted-host; do
        value="$(python3 -m pip config get "global.$name" 2>/dev/null)" || continue
        echo "PIP_$(echo "$name" | tr 'a-z-' 'A-Z_')=$value"
    done
    for name in SSL_CERT_FILE REQUESTS_CA_BUNDLE PIP_CERT; do
        [ ! -f "${!name:-}" ] || { cp "${!name}" "$1/etc/ssl/of-the-host.pem" && echo "$name=/etc/ssl/of-the-host.pem"; }
    done
}

make_root() {
    if [ -n "$base" ]; then
        cp -a "$base/." "$1"
    else
        # The mirror that this machine uses, if it is a Debian; else debootstrap's own.
        mirror="$(apt-get indextargets --format '$(SITE)' 'Identifier: Packages' 'Origin: Debian' 2>/dev/null | head -n 1)"
        # shellcheck disable=SC2086 # no mirror is no argument
        debootstrap --variant=minbase trixie "$1" $mirror >"$1.log" 2>&1 || { tail "$1.log" >&2; fail "no root"; }
    fi
    apt-config dump | grep -E '^Acquire::(http|https)::' >"$1/etc/apt/apt.conf.d/99of-the-host" || true
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
}

inside() {
    root="$1"
    mount --make-rprivate /
    make_root "$root"
    mkdir -p "$root/dev/shm" "$root/dev/pts"
    mount -t proc proc "$root/proc"
    for device in null zero full random urandom tty; do
        [ -e "$root/dev/$device" ] || touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    mount -t tmpfs tmpfs "$root/dev/shm"
    chmod 1777 "$root/dev/shm" "$root/tmp"
    as_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$chroot" "$root" "$@"; }
    install_packages() { as_root apt-get install -y -qq --no-install-recommends "$@" >"$root.log" 2>&1 || { tail "$root.log" >&2; fail "apt"; }; }
    as_root apt-get update -qq
    install_packages python3 make git ca-certificates curl procps
    as_root useradd --create-home --shell /bin/bash --skel /var/empty newcomer
    git clone --quiet --bare --no-hardlinks "$project" "$root/home/project.git"
    cp "$project/tests/newcomer/first_minutes.sh" "$root/home/first_minutes.sh"
    as_root chown -R newcomer: /home/project.git /home/first_minutes.sh
    settings "$root" >"$root.settings"
    mapfile -t set <"$root.settings"
    # No locale, no terminal, no name for git, and none of this machine's settings.
    as_newcomer() {
        env -i PATH=/usr/bin:/bin HOME=/home/newcomer "${set[@]}" "$chroot" --userspec=newcomer: "$root" "$@"
    }
    as_newcomer bash /home/first_minutes.sh refused
    install_packages python3-venv
    as_newcomer bash /home/first_minutes.sh works
}

if [ "${1:-}" = --inside ]; then
    base="${3:-}"
    inside "$2"
    exit 0
fi

[ "$(id -u)" = 0 ] || fail "run it as root: sudo $0"
command -v debootstrap >/dev/null || [ -n "$base" ] || fail "debootstrap is missing: apt-get install debootstrap"
for found in "$rooms"/unstuck-newcomer-*.lock; do # of runs that were killed: nobody holds their locks
    [ -e "$found" ] || continue
    flock --nonblock "$found" rm -rf --one-file-system "${found%.lock}" "${found%.lock}".log "${found%.lock}".settings "$found" || true
done
lock="$(mktemp "$rooms/unstuck-newcomer-XXXXXX.lock")"
root="${lock%.lock}"
exec 9>"$lock"
flock 9
mkdir "$root"
child=
clean() {
    [ -z "$child" ] || { kill -KILL "$child" 2>/dev/null && wait "$child" 2>/dev/null; } || true
    rm -rf --one-file-system "$root" "$root.log" "$root.settings" "$lock"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP
# Mounts and processes are in separate namespaces, which end with their first process, and that one with this script.
setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child=KILL "$0" --inside "$root" ${base:+"$base"} 9>&- &
child=$!
wait "$child" || { child=; fail "it did not go as the README says"; }
child=
