#!/usr/bin/env bash
# One command for everything: ./do build | run [options] | test [filter] | bench [name] | fmt | golden
# On a fresh machine it installs what is missing (apt, npm); only the .NET SDK and Node are taken to be there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

say() { printf '%s\n' "$*" >&2; }

need() { # need COMMAND PACKAGE…: installs Debian packages when a command is missing
  local command=$1; shift
  command -v "$command" >/dev/null 2>&1 && return
  say "installing $*"
  local as=(); [ "$(id -u)" = 0 ] || as=(sudo)
  "${as[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_postgres() {
  need psql postgresql-client-15
  [ -x /usr/lib/postgresql/15/bin/postgres ] && return
  # The Debian package would start a cluster of its own; tests start theirs.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || printf 'create_main_cluster = false\n' > /etc/postgresql-common/createcluster.conf
  need /usr/lib/postgresql/15/bin/postgres postgresql-15
}

need_toolchain() {
  command -v dotnet >/dev/null || { say "the .NET SDK 10 is missing: see https://dot.net"; exit 1; }
  command -v npm >/dev/null || need npm nodejs npm
}

check_lines() { # lines end within 140 columns, but for texts that cannot be cut, tables and code in documents, and generated files
  find . \( -name node_modules -o -name artifacts -o -name .git \) -prune -o \( -name '*.cs' ! -name '*.g.cs' -o -name '*.md' \) -print0 |
    xargs -0 perl -CSD -ne '
      my ($document, $before) = (scalar($ARGV =~ /\.md$/), $inside);
      my $marks = $document ? scalar(/^\s*```/) : scalar(() = /"""/g);
      $inside ^= 1 if $marks % 2;
      chomp;
      if (length > 140 && !$before && !$inside && !($document ? /^\|/ : /^\s*(?:[+?:] |return |yield return )?\$?".*"[\])}]*[,;]?$/)) { print STDERR "$ARGV:$.: ", length, " columns\n"; $found = 1 }
      if (eof) { close ARGV; $inside = 0 }
      END { exit($found ? 1 : 0) }' || { say "lines are longer than 140 columns"; return 1; }
}

build() { # build CONFIGURATION [TARGET]
  need_toolchain
  check_lines
  dotnet build "${2:-Federation.sln}" -c "$1" --nologo -v quiet -clp:NoSummary
}

publish() { # the gateway as users run it: compiled ahead of time, so that it starts fast and its first queries are not its slowest
  need_toolchain
  dotnet publish gateway/Host -c Release --use-current-runtime --no-self-contained -p:PublishReadyToRun=true -o artifacts/gateway --nologo -v quiet
}

run() {
  say "building (some minutes the first time)"
  publish
  local options=()
  case " $* " in *" --no-demo "*) set -- "${@/--no-demo/}" ;; *) options+=(--demo deploy/demo) ;; esac
  [ -d ../shared/golden ] && options+=(--allow ../shared/golden)
  local arguments=(); for argument in "$@"; do [ -n "$argument" ] && arguments+=("$argument"); done
  exec dotnet artifacts/gateway/federation.dll serve "${options[@]}" "${arguments[@]}"
}

bench() { # the members' names, --write, --pairs N, --cache FOLDER
  need_postgres
  [ -x /usr/sbin/pgbouncer ] || need /usr/sbin/pgbouncer pgbouncer
  say "building"
  publish
  build Release bench
  exec artifacts/bin/Federation.Bench/release/federation-bench "$@"
}

need_clients() { # drivers that the client programs of compat-tests/clients use
  /usr/bin/python3 -c 'import asyncpg, sqlalchemy, pandas, psycopg2' 2>/dev/null || need /nothing python3-asyncpg python3-sqlalchemy python3-pandas python3-psycopg2
  need java default-jdk-headless
  [ -e /usr/share/java/postgresql.jar ] || need /usr/share/java/postgresql.jar libpostgresql-jdbc-java
}

run_tests() {
  need_toolchain
  need_postgres
  need_clients
  need radosgw radosgw ceph-mon ceph-osd # a real S3
  say "building"
  build Debug
  (cd compat-tests/clients && npm ci --no-audit --no-fund --silent)
  local filter=()
  [ $# -gt 0 ] && filter=(--filter "$1")
  local log status=0
  log=$(mktemp)
  dotnet test Federation.sln --no-build --nologo -m:2 "${filter[@]}" 2>&1 | tee "$log" || status=$?
  awk -v status="$status" '
    match($0, /Failed: +[0-9]+, Passed: +[0-9]+, Skipped: +[0-9]+/) {
      split(substr($0, RSTART, RLENGTH), part, /[^0-9]+/); failed += part[2]; passed += part[3]; skipped += part[4] }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit (failed > 0 || status != 0 || passed == 0) }' "$log" || status=1
  rm -f "$log"
  return "$status"
}

command=${1:-help}
[ $# -gt 0 ] && shift
case "$command" in
  build) build "${1:-Debug}" ;;
  run) run "$@" ;;
  test) run_tests "$@" ;;
  golden) run_tests "FullyQualifiedName~Golden" ;;
  fmt) dotnet format Federation.sln "$@" ;;
  bench) bench "$@" ;;
  *) sed -n '2,3p' "$0" | cut -c3-; exit 1 ;;
esac
