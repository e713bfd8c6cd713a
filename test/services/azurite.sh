#!/usr/bin/env bash
# Installs Azurite, Microsoft's emulator of Azure Storage, for the tests of the driver: `test/services/azurite.sh`; install.sh calls it as
# well, after it has installed Node 24, which Azurite needs and Berth does not.
#   .services/azurite   the package; Node 24 runs it
#
# Ends with 0 when it is there, else with 1 after a line that says why: install.sh decides whether that is a failure.
set -uo pipefail

azurite_version=3.37.0

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
services=$root/.services
folder=$services/azurite
node=$services/node24/bin/node

say() { echo "azurite: $*" >&2; }

has_azurite() { [ -x "$node" ] && [ "$(cat "$folder/version" 2>/dev/null)" = "$azurite_version" ]; }

# None of the scripts of what it brings is needed.
install_azurite() {
  [ -x "$node" ] || { say "without Node 24, so without azurite: run test/services/install.sh"; return 1; }
  rm -rf "$folder" && mkdir -p "$folder" && echo '{"private":true}' >"$folder/package.json" &&
    npm install --prefix "$folder" --ignore-scripts --legacy-peer-deps --no-audit --no-fund --no-package-lock --loglevel=error \
      "azurite@$azurite_version" >/dev/null && echo "$azurite_version" >"$folder/version"
}

has_azurite && exit 0
mkdir -p "$services" 2>/dev/null && [ -w "$services" ] || { say "cannot write to $services"; exit 1; }
install_azurite && has_azurite && exit 0
exit 1
