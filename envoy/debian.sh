# Sourced by the scripts beside it: what a machine lacks, from the packages of Debian and Ubuntu.

# unpack_packages FOLDER PACKAGE...: puts the files of packages under FOLDER; nothing is installed,
# so that no rights are needed. Fails where the machine is of another kind or offline.
unpack_packages() (
    folder=$1
    shift
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || exit 1
    mkdir -p "$folder"
    cd "$folder"
    # A fresh machine may have no list of packages: then one of our own, which goes with the folder.
    apt-get download -q "$@" || {
        mkdir -p lists/partial &&
            apt-get update -q -o Dir::State::Lists="$folder/lists" &&
            apt-get download -q -o Dir::State::Lists="$folder/lists" "$@"
    } || exit 1
    for package in ./*.deb; do
        dpkg-deb -x "$package" . || exit 1
    done
    rm -rf ./*.deb lists
) >&2
