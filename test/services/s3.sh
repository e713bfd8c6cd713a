#!/usr/bin/env bash
# Installs two servers that speak S3, for the tests of the driver: `test/services/s3.sh`; install.sh calls it as well.
#   radosgw, ceph-mon, ceph-osd     Debian's Ceph: a gateway, and the two daemons without which it does not start
#   .services/bin/versitygw         a gateway of another family, that keeps objects as files
#
# Ends with 0 when all is there, else with 1 after a line for each thing that is missing: install.sh decides whether that is a failure.
set -uo pipefail

versitygw_version=v1.8.0
packages=(radosgw ceph-mon ceph-osd)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
services=$root/.services
bin=$services/bin
export PATH=$PATH:/usr/sbin:/sbin:/usr/local/go/bin

say() { echo "s3: $*" >&2; }

# Each package is named as its program is; radosgw-admin and ceph come along with them.
missing_packages() {
  local name
  for name in "${packages[@]}"; do command -v "$name" >/dev/null || echo "$name"; done
}

has_versitygw() { [ -x "$bin/versitygw" ] && [ "$(cat "$bin/versitygw.version" 2>/dev/null)" = "$versitygw_version" ]; }

missing() {
  missing_packages
  has_versitygw || echo versitygw
}

# Debian starts a service as soon as it is installed. These are for tests, which start their own.
without_services() {
  local policy=/usr/sbin/policy-rc.d status
  if [ -x "$policy" ] && { "$policy" any start >/dev/null 2>&1; [ $? = 101 ]; }; then
    "$@"
    return
  fi
  [ -e "$policy" ] && mv "$policy" "$policy.before-berth"
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  "$@"
  status=$?
  rm -f "$policy"
  [ -e "$policy.before-berth" ] && mv "$policy.before-berth" "$policy"
  return "$status"
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o DPkg::options::=--force-unsafe-io \
    -qq install -y --no-install-recommends "$@" </dev/null
}

install_packages() {
  local wanted
  mapfile -t wanted < <(missing_packages)
  [ ${#wanted[@]} = 0 ] && return 0
  [ -r /etc/debian_version ] && command -v apt-get >/dev/null || { say "not Debian, so without ${wanted[*]}"; return 1; }
  [ "$(id -u)" = 0 ] || { say "not root, so without ${wanted[*]}"; return 1; }
  # The lists that lie here may be absent, or too old to name what the mirror still has.
  without_services apt_install "${wanted[@]}" && return 0
  apt-get -qq update && without_services apt_install "${wanted[@]}"
}

install_versitygw() {
  has_versitygw && return 0
  command -v go >/dev/null || { say 'without Go, so without versitygw'; return 1; }
  local out=$services/go-versitygw
  GOBIN=$out CGO_ENABLED=0 go install "github.com/versity/versitygw/cmd/versitygw@$versitygw_version" &&
    mv "$out/versitygw" "$bin/versitygw" && rm -rf "$out" && echo "$versitygw_version" >"$bin/versitygw.version"
}

[ -z "$(missing)" ] && exit 0
mkdir -p "$bin" && [ -w "$bin" ] || { say "cannot write to $bin"; exit 1; }

install_versitygw &
install_packages
wait

left=$(missing | tr '\n' ' ')
[ -z "$left" ] && exit 0
say "could not install: $left"
exit 1
