#!/usr/bin/env bash
# Installs a server that speaks Google Cloud Storage's API, for the tests of the driver: `test/services/fake-gcs.sh`.
#   .services/bin/fake-gcs-server   keeps objects in memory or as files, built from source
#
# Ends with 0 when it is there, else with 1 after a line: install.sh decides whether that is a failure.
set -uo pipefail

fake_gcs_version=v1.56.1

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
services=$root/.services
bin=$services/bin
export PATH=$PATH:/usr/local/go/bin

say() { echo "fake-gcs: $*" >&2; }

has_fake_gcs() { [ -x "$bin/fake-gcs-server" ] && [ "$(cat "$bin/fake-gcs-server.version" 2>/dev/null)" = "$fake_gcs_version" ]; }

install_fake_gcs() {
  command -v go >/dev/null || { say 'without Go, so without fake-gcs-server'; return 1; }
  local out=$services/go-fake-gcs-server
  # Nobody debugs it: without symbols it is smaller.
  GOBIN=$out CGO_ENABLED=0 go install -ldflags '-s -w' "github.com/fsouza/fake-gcs-server@$fake_gcs_version" &&
    mv "$out/fake-gcs-server" "$bin/fake-gcs-server" && rm -rf "$out" &&
    echo "$fake_gcs_version" >"$bin/fake-gcs-server.version"
}

has_fake_gcs && exit 0
mkdir -p "$bin" && [ -w "$bin" ] || { say "cannot write to $bin"; exit 1; }
install_fake_gcs && exit 0
say 'could not install fake-gcs-server'
exit 1
