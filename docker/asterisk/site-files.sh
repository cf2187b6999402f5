#!/bin/sh
# Writes what is particular to one Asterisk (addresses, ports, passwords) as small files into the
# folder $1; asterisk-conf/ includes them. The native lab and the container both use this.
#
#   ARI_PASSWORD, SOFTPHONE1_PASSWORD, SOFTPHONE2_PASSWORD   required
#   WEBPHONE_PASSWORD           of the console's telephone; without, there is none
#   SIP_ADDRESS, SIP_PORT       where phones find it         (default 127.0.0.1, 5060)
#   HTTP_ADDRESS, HTTP_PORT     ARI and WebSocket            (default 127.0.0.1, 8088)
#   RTP_START, RTP_END          media ports                  (default 10000, 19999)
#   MEDIA_ADDRESS               what phones are told to send RTP to (default SIP_ADDRESS; empty: any)
#   EXTERNAL_ADDRESS, EXTERNAL_SIP_PORT
#                               behind NAT (a container's, too): what phones are told instead of any address here
#   SIP_PROXY                   the address of a SIP proxy that brings calls from outside (kamailio-conf/); without, nobody does
#   INSIDE_SIP_PORT             a second port for phones on this side of the NAT: they are told our own address
set -eu
: "${ARI_PASSWORD:?is not set}" "${SOFTPHONE1_PASSWORD:?is not set}" "${SOFTPHONE2_PASSWORD:?is not set}"
: "${SIP_ADDRESS:=127.0.0.1}" "${SIP_PORT:=5060}" "${HTTP_ADDRESS:=127.0.0.1}" "${HTTP_PORT:=8088}"
: "${RTP_START:=10000}" "${RTP_END:=19999}" "${MEDIA_ADDRESS=$SIP_ADDRESS}"

umask 077
mkdir -p "$1"
cd "$1"

cat >pjsip.conf <<EOF
[transport-udp](+)
bind = $SIP_ADDRESS:$SIP_PORT
[softphone1-auth](+)
password = $SOFTPHONE1_PASSWORD
[softphone2-auth](+)
password = $SOFTPHONE2_PASSWORD
EOF
if [ -n "${WEBPHONE_PASSWORD:-}" ]; then
	cat >>pjsip.conf <<EOF
[webphone](browser)
auth = webphone-auth
aors = webphone
[webphone-auth](softphone-auth)
username = webphone
password = $WEBPHONE_PASSWORD
[webphone](softphone-aor)
EOF
fi
if [ -n "${SIP_PROXY:-}" ]; then
	cat >>pjsip.conf <<EOF
[proxy](proxy-endpoint)
[proxy](proxy-aor)
contact = sip:$SIP_PROXY
[proxy](proxy-identify)
match = ${SIP_PROXY%:*}
EOF
fi
if [ -n "${EXTERNAL_ADDRESS:-}" ]; then
	cat >>pjsip.conf <<EOF
[transport-udp](+)
external_media_address = $EXTERNAL_ADDRESS
EOF
	# Behind a proxy, who sends us requests is the proxy, on our side of the NAT.
	[ -n "${SIP_PROXY:-}" ] || cat >>pjsip.conf <<EOF
external_signaling_address = $EXTERNAL_ADDRESS
external_signaling_port = ${EXTERNAL_SIP_PORT:-$SIP_PORT}
EOF
fi
if [ -n "${INSIDE_SIP_PORT:-}" ]; then
	cat >>pjsip.conf <<EOF
[transport-inside]
type = transport
protocol = udp
bind = $SIP_ADDRESS:$INSIDE_SIP_PORT
EOF
fi
if [ -n "$MEDIA_ADDRESS" ]; then
	echo "media_address = $MEDIA_ADDRESS" >pjsip-media.conf
else
	echo "bind_rtp_to_media_address = no" >pjsip-media.conf
fi
cat >ari.conf <<EOF
[voice-agent](+)
password = $ARI_PASSWORD
EOF
cat >http.conf <<EOF
[general](+)
bindaddr = $HTTP_ADDRESS
bindport = $HTTP_PORT
EOF
cat >rtp.conf <<EOF
rtpstart = $RTP_START
rtpend = $RTP_END
EOF
