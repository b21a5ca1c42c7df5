#!/bin/sh
# Makes the demo's certificates with openssl: certs.sh [FOLDER], by default .demo.
#   FOLDER/tls/      what Envoy reads: ca.crt, server.crt, server.key
#   FOLDER/clients/  what clients show, good and bad, each as NAME.crt and NAME.key
# They stay for weeks, and are made anew before they expire or when this script has changed. The
# authorities' keys are forgotten at once: nobody can sign with them later.
# Callers may run side by side. Without openssl on PATH, one is unpacked into .tools/openssl/.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/envoy/debian.sh"
folder=${1:-$root/.demo}
# Holds what the certificates were made by, and the second at which they should be made anew.
made=$folder/certificates
recipe=$(cksum <"$root/envoy/certs.sh")
# Days that certificates are good for, and how many of them are left when they are made anew.
lifetime=30
margin=7

fail() {
    echo "envoy/certs.sh: $*" >&2
    exit 1
}

is_current() {
    [ -r "$made" ] && { read -r until && read -r by; } <"$made" &&
        [ "$by" = "$recipe" ] && [ "$until" -gt "$(date +%s)" ] 2>/dev/null
}

# Prints a path that starts openssl, without installing anything.
find_openssl() {
    fetched=$root/.tools/openssl/usr/bin/openssl
    for found in "$(command -v openssl)" "$fetched"; do
        if [ -n "$found" ] && "$found" version >/dev/null 2>&1; then
            echo "$found"
            return
        fi
    done
    echo "getting openssl, once, into .tools/openssl" >&2
    unpack_packages "$work/openssl" openssl || return 1
    mkdir -p "$root/.tools"
    rm -rf "$root/.tools/openssl"
    mv "$work/openssl" "$root/.tools/openssl"
    "$fetched" version >/dev/null && echo "$fetched"
}

# key NAME
key() {
    "$openssl" genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"
}

# self_signed NAME SUBJECT PROFILE: a certificate that its own key has signed.
self_signed() {
    key "$1"
    "$openssl" req -new -x509 -config openssl.cnf -subj "$2" -days "$lifetime" -extensions "$3" \
        -key "$1.key" -out "$1.crt"
}

# signed NAME AUTHORITY SUBJECT PROFILE [SANS [OPTION...]]: a certificate of that authority.
signed() {
    name=$1 authority=$2 subject=$3 profile=$4
    [ $# -gt 4 ] && shift 4 || set -- ''
    sed -n "/^\[$profile]/,/^\$/p" openssl.cnf >extensions.cnf
    echo "${1:+subjectAltName = $1}" >>extensions.cnf
    shift
    key "$name"
    "$openssl" req -new -config openssl.cnf -subj "$subject" -key "$name.key" -out request.pem
    "$openssl" ca -batch -notext -config openssl.cnf -create_serial -days "$lifetime" \
        -cert "$authority.crt" -keyfile "$authority.key" \
        -extfile extensions.cnf -extensions "$profile" -in request.pem -out "$name.crt" "$@"
}

make_all() {
    cat >openssl.cnf <<'CNF'
[req]
distinguished_name = nothing
prompt = no

[nothing]

[ca]
default_ca = authority

[authority]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
policy = any
unique_subject = no

[any]
organizationName = optional
commonName = optional

[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash

[intermediate]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid

[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid

[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid

[alone]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
subjectAltName = URI:spiffe://portcullis.example/ada, DNS:ada.portcullis.example
CNF
    : >index
    organisation='/O=Example Corp'
    ada=$organisation/CN=ada
    adas_sans=URI:spiffe://portcullis.example/ada,DNS:ada.portcullis.example
    self_signed ca "$organisation/CN=Portcullis demo CA" root
    signed server ca "$organisation/CN=portcullis.example" server \
        DNS:portcullis.example,DNS:localhost,IP:127.0.0.1,IP:::1

    # Good ones.
    signed ada ca "$ada" client "$adas_sans"
    signed bob ca "$organisation/CN=bob" client \
        URI:spiffe://portcullis.example/bob,DNS:bob.portcullis.example
    signed no-san ca "$organisation/CN=carol" client
    signed many-sans ca "$organisation/CN=dave" client \
        URI:spiffe://portcullis.example/dave,URI:spiffe://portcullis.example/second,DNS:dave.portcullis.example,DNS:second.portcullis.example,email:dave@portcullis.example,IP:192.0.2.1
    # By an authority that the root has signed, which the client sends too.
    signed middle ca "$organisation/CN=Portcullis demo department" intermediate
    signed by-middle middle "$organisation/CN=erin" client URI:spiffe://portcullis.example/erin
    cat middle.crt >>by-middle.crt

    # Good ones of somebody else, and ones that no chain makes good; all claim to be ada.
    signed wrong-san ca "$ada" client URI:spiffe://elsewhere.example/ada,DNS:ada.elsewhere.example
    signed expired ca "$ada" client "$adas_sans" -startdate 250101000000Z -enddate 250201000000Z
    signed not-yet-valid ca "$ada" client "$adas_sans" -startdate 450101000000Z -enddate 450201000000Z
    signed for-servers ca "$ada" server "$adas_sans"
    self_signed self-signed "$ada" alone
    self_signed another-ca "$organisation/CN=Portcullis demo CA" root
    signed by-another-ca another-ca "$ada" client "$adas_sans"
    # A certificate that is no authority's signs nothing.
    signed by-bob bob "$ada" client "$adas_sans"
    cat bob.crt >>by-bob.crt
}

! is_current || exit 0

command -v python3 >/dev/null || fail "python3 is missing: install Python 3 and try again"
umask 077
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
if [ "${CERTS_LOCKED:-}" != "$folder" ]; then
    # Only one at a time: a lock that ends with the process that holds it, however that ends.
    CERTS_LOCKED=$folder exec python3 -c '
import fcntl, os, sys
lock = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR, 0o600)
os.set_inheritable(lock, True)
fcntl.flock(lock, fcntl.LOCK_EX)
os.execv("/bin/sh", ["sh", *sys.argv[2:]])
' "$folder/certificates.lock" "$root/envoy/certs.sh" "$folder"
fi

work=$(mktemp -d "$folder/certs.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

openssl=$(find_openssl) ||
    fail "openssl is missing: install it (on Debian and Ubuntu: apt-get install openssl) and try again"
now=$(date +%s)
# A system's configuration is not ours.
export OPENSSL_CONF="$work/openssl.cnf"
# In the background, as `||` would make the shell go on after a fault.
(cd "$work" && make_all) >"$work/log" 2>&1 &
wait $! || {
    cat "$work/log" >&2
    fail "$openssl could not make the certificates (its words are above): put another one on PATH and try again"
}

# Without its first file, no half of it counts.
rm -f "$made"
mkdir -p "$folder/tls" "$folder/clients"
mv "$work/ca.crt" "$work/server.crt" "$work/server.key" "$folder/tls/"
rm "$work"/ca.key "$work"/middle.* "$work"/another-ca.*
mv "$work"/*.crt "$work"/*.key "$folder/clients/"
# A container's user has to read these; on this machine, the folder around them is closed.
chmod 755 "$folder/tls"
chmod 644 "$folder/tls"/*
printf '%s\n' "$((now + (lifetime - margin) * 86400))" "$recipe" >"$work/made"
mv "$work/made" "$made"
