#!/bin/sh
# Installs Debian packages while an image is built: the names in the given files (one a line, # begins a
# comment), and tini, the images' first process. Nothing of apt's own data stays in the image.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
# shellcheck disable=SC2046 # a list of words
apt-get install -y --no-install-recommends tini $(sed 's/#.*//' "$@")
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
