#!/bin/sh
# Prints the folder of a release of OWASP CRS: get-crs.sh [FOLDER], by default .tools/coreruleset-VERSION/.
# It is fetched once, and unpacked only if it is what CRS_SHA256 says or, where that is not set, what the project signed.
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
version=${CRS_VERSION:-4.28.0}
github=https://github.com/coreruleset/coreruleset
archive_url=${CRS_URL:-$github/archive/refs/tags/v$version.tar.gz}
signature_url=${CRS_SIGNATURE_URL:-$github/releases/download/v$version/coreruleset-$version.tar.gz.asc}
# The key's address need not be trusted: its fingerprint stands here, as the project's guide to its releases has it.
key_url=${CRS_KEY_URL:-https://coreruleset.org/security.asc}
fingerprint=${CRS_FINGERPRINT:-36006F0E0BA167832158821138EEACA1AB8A6E72}
folder=${1:-$root/.tools/coreruleset-$version}
other_ways="fetch and unpack a release yourself, then make crs CRS_DIR=its folder"

fail() {
    echo "get-crs.sh: $*" >&2
    exit 1
}

fetch() {
    python3 - "$1" "$2" <<'PY' || fail "$1 could not be fetched (why is above): $other_ways"
import shutil, sys, urllib.request

url, file = sys.argv[1:]
try:
    with urllib.request.urlopen(url, timeout=60) as answer, open(file, "wb") as out:
        shutil.copyfileobj(answer, out)
except OSError as error:
    sys.exit(str(error))
PY
}

has_checksum() {
    python3 -c 'import hashlib, sys
sys.exit(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest() != sys.argv[2].lower())' "$1" "$CRS_SHA256"
}

# True if the key with the fingerprint has signed the archive, and nothing is wrong with either.
is_signed() {
    said=$(gpg --batch --quiet --homedir "$work/keys" --status-fd 1 --verify "$2" "$1" 2>"$work/words") || return 1
    echo "$said" | grep -q '^\[GNUPG:\] GOODSIG ' &&
        echo "$said" | grep -q "^\[GNUPG:\] VALIDSIG .* $fingerprint\$"
}

if [ -d "$folder/rules" ]; then
    echo "$folder"
    exit
fi
command -v python3 >/dev/null || fail "python3 is missing: install Python 3, or $other_ways"
if [ -z "${CRS_SHA256:-}" ]; then
    command -v gpg >/dev/null ||
        fail "gpg is missing, which tells whether $archive_url is the project's: install GnuPG, set CRS_SHA256 to the archive's checksum, or $other_ways"
fi

echo "getting OWASP CRS $version, once, into $folder" >&2
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fetch "$archive_url" "$work/archive"
if [ -n "${CRS_SHA256:-}" ]; then
    has_checksum "$work/archive" || fail "$archive_url is not what CRS_SHA256 says: find out why before you use it"
else
    fetch "$signature_url" "$work/signature"
    fetch "$key_url" "$work/key"
    mkdir -m 700 "$work/keys"
    gpg --batch --quiet --homedir "$work/keys" --import "$work/key" 2>"$work/words" ||
        fail "$key_url is no key of OpenPGP: $(cat "$work/words")"
    is_signed "$work/archive" "$work/signature" ||
        fail "$archive_url is not signed by the key $fingerprint: find out why before you use it ($(tr '\n' ' ' <"$work/words"))"
fi
mkdir "$work/release"
tar -xzf "$work/archive" -C "$work/release" --strip-components=1 2>"$work/words" ||
    fail "$archive_url can't be unpacked: $(cat "$work/words")"
[ -d "$work/release/rules" ] || fail "$archive_url has no folder rules: give the address of a release"
rmdir "$folder" 2>/dev/null || true
# Whoever comes second finds the same.
[ -d "$folder" ] || mv "$work/release" "$folder"
[ -d "$folder/rules" ] || fail "$folder is in the way: take it away"
echo "$folder"
