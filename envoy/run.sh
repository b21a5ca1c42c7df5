#!/bin/sh
# `make run`: an echo upstream and Envoy with envoy.yaml, until Ctrl-C.
# PORT, TLS_PORT, ADMIN_PORT and UPSTREAM_PORT choose other ports.
set -eu

cd "$(dirname "$0")/.."
export PORT="${PORT:-8080}" TLS_PORT="${TLS_PORT:-8443}" \
    ADMIN_PORT="${ADMIN_PORT:-9901}" UPSTREAM_PORT="${UPSTREAM_PORT:-8081}"
# Seconds that Envoy has to compile the module and listen.
patience=60

fail() {
    echo "make run: $*" >&2
    exit 1
}

stop() {
    trap - EXIT INT TERM HUP
    # Only what this script started, by its number.
    for pid in ${envoy_pid:-} ${echo_pid:-}; do
        kill "$pid" 2>/dev/null || :
    done
    wait
    # After a fault the log is worth keeping.
    [ "$1" -lt 128 ] || rm -rf "$run"
    exit "$1"
}

check_port() {
    python3 - "$2" <<'PY' || fail "port $2 is taken: choose another, as in \`make run $1=$(($2 + 1000))\`"
import socket, sys
with socket.socket() as probe:
    # As servers do, so that connections that have just ended do not count.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(sys.argv[1])))
        probe.listen()
    except OSError:
        sys.exit(1)
PY
}

is_ready() {
    python3 - "$ADMIN_PORT" <<'PY'
import sys, urllib.request
try:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    direct.open(f"http://127.0.0.1:{sys.argv[1]}/ready", timeout=2)
except OSError:
    sys.exit(1)
PY
}

envoy=$(envoy/get.sh)
# A folder for each, so that several may run on different ports.
run=.demo/run-$PORT
config=$run/envoy.yaml
log=$run/envoy.log
envoy/render.sh >/dev/null # says which port is none
[ -z "$(printf '%s\n' "$PORT" "$TLS_PORT" "$ADMIN_PORT" "$UPSTREAM_PORT" | sort | uniq -d)" ] ||
    fail "PORT, TLS_PORT, ADMIN_PORT and UPSTREAM_PORT must differ"
check_port PORT "$PORT"
check_port TLS_PORT "$TLS_PORT"
check_port ADMIN_PORT "$ADMIN_PORT"
check_port UPSTREAM_PORT "$UPSTREAM_PORT"
mkdir -p "$run"
envoy/render.sh >"$config"

# The lines are NAME=value without quotes, as Docker's env_file wants them.
while IFS= read -r line; do
    export "${line?}"
done <.demo/env

trap 'stop $?' EXIT
trap 'stop 130' INT
trap 'stop 143' TERM
trap 'stop 129' HUP

"${CARGO_TARGET_DIR:-target}/debug/echo" --listen "127.0.0.1:$UPSTREAM_PORT" >/dev/null &
echo_pid=$!
# Standard output carries the access log, one line of JSON a request. No hot restart: its
# shared memory would clash with another Envoy on this machine.
"$envoy" -c "$config" --disable-hot-restart --log-level warning --file-flush-interval-msec 200 2>"$log" &
envoy_pid=$!

tries=$((patience * 5))
until is_ready; do
    kill -0 "$envoy_pid" 2>/dev/null || {
        tail -n 20 "$log" >&2
        fail "Envoy did not start; its last words are above, all of them in $log"
    }
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "Envoy was not ready within $patience seconds; see $log"
    sleep 0.2
done

url=http://127.0.0.1:$PORT
tls=https://127.0.0.1:$TLS_PORT
ca="--cacert '$PWD/.demo/tls/ca.crt'"
ada="-H \"Authorization: Bearer \$(cat '$PWD/.demo/ada.token')\""
certificate="--cert '$PWD/.demo/clients/ada.crt' --key '$PWD/.demo/clients/ada.key'"
bob="-H \"Authorization: Bearer \$(cat '$PWD/.demo/bob.token')\""
cat <<TEXT

Portcullis is at $url and $tls, Envoy's admin page at http://127.0.0.1:$ADMIN_PORT.
Envoy's log is in $log; each request's decision appears below. Ctrl-C stops everything.

Try in another terminal:

# 200: a good token; the upstream tells which X-User-* headers it saw, forged ones are gone
curl -i $ada -H 'X-User-Roles: root' $url/v1/orders

# 401: no token
curl -i $url/v1/orders

# 429: the standard tier admits 10 requests a second
curl -s -o /dev/null -w '%{http_code}\n' $ada "$url/v1/orders?[1-25]"

# 200 throughout: the premium tier admits 100
curl -s -o /dev/null -w '%{http_code}\n' $ada "$url/v1/premium/orders?[1-25]"

# 200: limits count for each credential, so bob is not stopped by ada
curl -i $bob $url/v1/orders

# 200 over TLS: who administers shows a certificate, beside the token
curl -i $ca $certificate $ada $tls/v1/admin/users

# 401: no certificate
curl -i $ca $ada $tls/v1/admin/users

# No answer: a certificate that has expired ends the handshake
curl -i $ca --cert '$PWD/.demo/clients/expired.crt' --key '$PWD/.demo/clients/expired.key' $ada $tls/v1/admin/users

TEXT

code=0
wait "$envoy_pid" || code=$?
tail -n 20 "$log" >&2
fail "Envoy ended by itself with code $code; its last words are above, all of them in $log"
