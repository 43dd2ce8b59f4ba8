import { formatSocketAddress, type SocketAddress } from './address.js';

/** Why a listener could not be opened, as a sentence that ends in what to do. `setting`: the list it comes from, as `sip.listen`. */
export function cannotListen(transport: string, at: SocketAddress, setting: string, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = causes[code]?.(setting) ?? (cause instanceof Error ? cause.message : String(cause));
  return new Error(`Cannot listen on ${transport} ${formatSocketAddress(at)}: ${why}`, { cause });
}

const causes: Readonly<Record<string, (setting: string) => string>> = {
  EADDRINUSE: (setting) => `another program has this port; stop it, or choose another port in ${setting}`,
  EACCES: () => 'this user may not use this port; choose one above 1023, or give the program the capability CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: (setting) => `this machine does not have this address; correct ${setting}`,
  EAFNOSUPPORT: (setting) => `this machine has no IPv6; take the address out of ${setting}`,
};
