/** An address and a port as they stand in a URL (RFC 3986 §3.2): `127.0.0.1:9464`, `[::1]:9464`. */
export function authorityOf(address: string, port: number | string): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
