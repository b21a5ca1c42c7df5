#!/bin/sh
# Prints the folder of Debian's nginx with the ModSecurity module, unpacked into .tools/nginx-modsecurity/; installs nothing.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/envoy/debian.sh"
folder=$root/.tools/nginx-modsecurity

if [ ! -x "$folder/usr/sbin/nginx" ]; then
    fresh=$folder.$$
    rm -rf "$fresh"
    unpack_packages "$fresh" nginx libnginx-mod-http-ndk libnginx-mod-http-modsecurity libmodsecurity3 \
        libfuzzy2 libgeoip1 liblua5.3-0 libmaxminddb0 libyajl2 || {
        rm -rf "$fresh"
        echo "get-nginx.sh: the packages can't be had; they are Debian 12's" >&2
        exit 1
    }
    mv "$fresh" "$folder" 2>/dev/null || rm -rf "$fresh"
fi
echo "$folder"
