#!/bin/sh
# The container's program: writes what is particular to this entry (site-files.sh has the variables), and runs Kamailio, which
# logs to Docker.
set -eu
sh /usr/local/lib/voice-agent/site-files.sh /etc/kamailio/site
exec kamailio -DD -E -m 128 -M 8 -f /etc/kamailio/kamailio.cfg
