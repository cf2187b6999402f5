#!/bin/sh
# A Docker engine of this folder's own, out of Debian packages that are unpacked in $TOOLS. Called as root in network,
# mount and process namespaces of its own (lab/docker-engine.ts): bridges, firewall rules, mounts and processes all
# vanish with its first process, and the machine's own network isn't touched.
#
#   TOOLS    where Debian's packages are unpacked      DATA   its images and containers
#   SOCKET   where it shall answer                     CGROUP its containers' control group
set -eu
library=$(dirname "$(find "$TOOLS/usr/lib" -type d -name xtables)")
mount -t proc proc /proc
ip link set lo up
run=$DATA/run
mkdir -p "$run" "$DATA/bin"
mount -t tmpfs tmpfs "$run"
# The user-mode network (slirp4netns) answers for names at this address.
echo 'nameserver 10.0.2.3' >"$run/resolv.conf"
mount --bind "$run/resolv.conf" /etc/resolv.conf
for name in iptables ip6tables; do ln -sf "$TOOLS/usr/sbin/xtables-legacy-multi" "$DATA/bin/$name"; done
export PATH="$DATA/bin:$TOOLS/usr/sbin:$TOOLS/usr/bin:$PATH" LD_LIBRARY_PATH="$library" XTABLES_LIBDIR="$library/xtables"
# The network comes from outside, when this namespace is there.
tries=0
until ip link show tap0 >/dev/null 2>&1; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || { echo 'no network came from outside' >&2; exit 1; }
	sleep 0.05
done
dockerd --host "unix://$SOCKET" --data-root "$DATA/data" --exec-root "$run/exec" --pidfile "$run/dockerd.pid" \
	--cgroup-parent "$CGROUP" &
trap 'kill -TERM $!' TERM INT
while kill -0 $! 2>/dev/null; do wait $! || true; done
