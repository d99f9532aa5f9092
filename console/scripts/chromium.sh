#!/bin/sh
# Prints the path of a Chromium or Chrome to test in. Where there is none and Debian's packages can be installed, it
# installs one. TOCSIN_BROWSER names one of your own.
set -eu
log="${TMPDIR:-/tmp}/tocsin-chromium.log"
for browser in "${TOCSIN_BROWSER:-}" chromium chromium-browser google-chrome google-chrome-stable \
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
	[ -n "$browser" ] || continue
	if found=$(command -v "$browser"); then
		echo "$found"
		exit 0
	fi
done
root=
[ "$(id -u)" = 0 ] || root="sudo -n"
if command -v apt-get >/dev/null; then
	echo "  installing Chromium from Debian's packages (once)" >&2
	export DEBIAN_FRONTEND=noninteractive
	if { $root apt-get -qq update && $root apt-get -qq install -y --no-install-recommends chromium; } >"$log" 2>&1; then
		command -v chromium
		exit 0
	fi
	tail -n 5 "$log" >&2
fi
echo "no browser: install Chromium or Chrome, or name one in TOCSIN_BROWSER" >&2
exit 1
