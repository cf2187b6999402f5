import type { TlsIdentity } from './listening-server.ts';

/**
 * For 127.0.0.1, signed by itself: nobody has a reason to trust it. No secret, and used for nothing else.
 * (openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
 * -addext subjectAltName=DNS:localhost,IP:127.0.0.1)
 */
export const UNTRUSTED: TlsIdentity = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUAou5NHWyVBTOlDA/BLeS5RQB18AwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTE2MTQwNFoYDzIxMjYxMTAx
MTYxNDA0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAReX0wVba9LrGMGu45fFAf/AgncyecamXBF5dxrRXxWt85WSyu9bGWY
as12U2CYmi+1MvtCc87+vLqjzrt3xAiro28wbTAdBgNVHQ4EFgQUklooQWDXsgja
CSh29aaYXRqQazgwHwYDVR0jBBgwFoAUklooQWDXsgjaCSh29aaYXRqQazgwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhALp16P1byiaowV2Hom9B4wT+HE06LDk4m8QkXQUaRR/TAiAO
aPDZ/XRHO05OXBE1yLh7PfFIS4Evy0aFtVzE1VwJ5w==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSIDFcVJ5Snm6y1jp
TNrL99xjrrWlXB+KiVdLaDNu9PChRANCAAReX0wVba9LrGMGu45fFAf/Agncyeca
mXBF5dxrRXxWt85WSyu9bGWYas12U2CYmi+1MvtCc87+vLqjzrt3xAir
-----END PRIVATE KEY-----`,
};
