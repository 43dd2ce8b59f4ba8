#!/usr/bin/env bash
# Builds mediasoup's worker from the sources in its npm package against Debian's own libraries, for machines that can
# reach neither the prebuilt worker nor the eight source archives that mediasoup's own build downloads.
#
#   build.sh PACKAGE OUTPUT    PACKAGE: node_modules/mediasoup    OUTPUT: the binary to write (complete or not at all)
#
# Prints "progress DONE TOTAL" lines while it compiles. The Debian packages it needs stand in ../bootstrap/debian.mjs.
# Proven with mediasoup 3.19.3 on Debian 12: about 5 minutes on two cores.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
package=$(realpath "$1")
output=$(realpath -m "$2")

work=$(mktemp -d "${TMPDIR:-/tmp}/portvakt-worker.XXXXXX")
partial="$output.partial.$$"
trap 'rm -rf "$work" "$partial"' EXIT
trap 'exit 143' TERM INT HUP

cp -r "$package/worker" "$work/worker"
cd "$work/worker"

# Every dependency that mediasoup would download becomes a few lines of meson that hand on Debian's package.
rm -f subprojects/*.wrap
cp -r "$here/subprojects/." subprojects/
cp -r "$here/pch" .

# Debian 12 has meson 1.0.1, which is enough for all that this build uses.
sed -i "s/meson_version: '>= 1.1.0'/meson_version: '>= 1.0.0'/" meson.build
sed -i "/^executable(\$/{n;s/'mediasoup-worker',/&\n  cpp_pch: 'pch\/worker.hpp',/}" meson.build
grep -q "cpp_pch: 'pch/worker.hpp'" meson.build || echo 'note: no place found for the precompiled header, the build takes twice as long'

# The worker's BIO callback hears of each write twice, the second time with BIO_CB_WRITE | BIO_CB_RETURN. mediasoup compares that with
# BIO_CB_RETURN alone and so tells OpenSSL that 1 byte was written, whatever was. OpenSSL 3.0.8, which mediasoup's own build brings, shrugs;
# Debian's 3.0.22-1~deb12u2 (since its repair of CVE-2026-84782) reads through a null pointer at the first DTLS handshake.
sed -i 's/(operationType == BIO_CB_RETURN)/((operationType \& BIO_CB_RETURN) != 0)/' src/RTC/DtlsTransport.cpp
grep -q 'operationType & BIO_CB_RETURN' src/RTC/DtlsTransport.cpp ||
  { echo 'note: no place found for the repair of the BIO callback: see whether mediasoup has it by now'; exit 1; }

# liburing is left out: Debian 12's is older than the one the worker asks for, and only bulk sending gains from it.
meson setup build --buildtype release -Db_ndebug=true -Dms_disable_liburing=true > "$work/setup.log" 2>&1 ||
  { tail -n 30 "$work/setup.log"; exit 1; }

# The sources include generated headers that ninja does not know they need.
ninja -C build fbs/FBS > "$work/headers.log" 2>&1 || { tail -n 30 "$work/headers.log"; exit 1; }

NINJA_STATUS='progress %f %t ' ninja -C build mediasoup-worker

mkdir -p "$(dirname "$output")"
strip -o "$partial" build/mediasoup-worker
chmod 755 "$partial"
mv "$partial" "$output"
