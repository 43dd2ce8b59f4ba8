/** `host:port` as it stands in SIP: IPv6 literals in brackets (RFC 3261 §25.1, IPv6reference). */
export function formatHostPort(host: string, port: number | undefined): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? bracketed : `${bracketed}:${port}`;
}
