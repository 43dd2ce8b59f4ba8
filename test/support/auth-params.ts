/** The parameters of a Digest challenge, unquoted. Good enough for what the service writes. */
export function parseAuthParams(challenge: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const [, name = '', quoted, bare] of challenge.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g))
    params.set(name.toLowerCase(), quoted ?? bare ?? '');
  return params;
}
