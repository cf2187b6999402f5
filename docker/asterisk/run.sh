#!/bin/sh
# Runs a command in the root file system $ROOT, with the folder $FOLDER as /lab (or $FOLDER_AT). Call it as root in
# mount and process namespaces of its own (lab/contained.ts does): the mounts vanish with the process.
set -eu
mount --bind "$ROOT" "$ROOT"
cd "$ROOT"
mount -t proc proc proc
for device in null zero full random urandom; do
	[ -e "dev/$device" ] || : >"dev/$device"
	mount --bind "/dev/$device" "dev/$device"
done
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp
# Where a server keeps its sockets.
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs run
[ -z "${FOLDER:-}" ] || mount --bind "$FOLDER" "${FOLDER_AT:-lab}"
mount --bind /etc/hosts etc/hosts
mount -o remount,bind,ro "$ROOT"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C chroot "$ROOT" "$@"
