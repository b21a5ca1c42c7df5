#!/bin/sh
# Prints envoy.yaml with other addresses: LISTEN (127.0.0.1), PORT (8080), TLS_PORT (8443),
# ADMIN_PORT (9901) and UPSTREAM_PORT (8081). One file serves `make run` and the container this way.
set -eu

for port in "${PORT:=8080}" "${TLS_PORT:=8443}" "${ADMIN_PORT:=9901}" "${UPSTREAM_PORT:=8081}"; do
    case $port in
    '' | *[!0-9]* | 0* | ??????*) port=99999 ;;
    esac
    [ "$port" -le 65535 ] || {
        echo "PORT, TLS_PORT, ADMIN_PORT and UPSTREAM_PORT are numbers from 1 to 65535" >&2
        exit 1
    }
done

# Every address goes through a mark first, so that ports may be swapped.
exec sed \
    -e 's/address: 127\.0\.0\.1, port_value: 8080}/@LISTEN@}/' \
    -e 's/address: 127\.0\.0\.1, port_value: 8443}/@TLS@}/' \
    -e 's/port_value: 9901}/@ADMIN@}/' \
    -e 's/port_value: 8081}/@UPSTREAM@}/' \
    -e "s/@LISTEN@/address: ${LISTEN:-127.0.0.1}, port_value: $PORT/" \
    -e "s/@TLS@/address: ${LISTEN:-127.0.0.1}, port_value: $TLS_PORT/" \
    -e "s/@ADMIN@/port_value: $ADMIN_PORT/" \
    -e "s/@UPSTREAM@/port_value: $UPSTREAM_PORT/" \
    "$(dirname "$0")/envoy.yaml"
