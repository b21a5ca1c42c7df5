#!/bin/sh
# Makes Envoy's official image name usable where it cannot be pulled:
#   import-envoy-image.sh ENVOY IMAGE
# packs the Envoy at that path with a shell, sed and the libraries of each, and imports them under
# that name. It has what docker-compose.yaml uses of the official image, and no more.
set -eu

envoy=$1
image=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# Copies a program to a path in the image, and each library to where the program looks for it.
pack() {
    mkdir -p "$root$(dirname "$2")"
    cp -L "$1" "$root$2"
    ldd "$1" | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
}

pack "$envoy" /usr/local/bin/envoy
pack "$(command -v sh)" /bin/sh
pack "$(command -v sed)" /bin/sed
pack "$(command -v dirname)" /bin/dirname
mkdir -m 1777 "$root/tmp"
tar -C "$root" -c . | docker import --change 'CMD ["envoy"]' - "$image"
