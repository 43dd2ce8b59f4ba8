import { generate } from 'selfsigned';

/** PEM texts. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateAuthority extends Issued {
  /** A certificate for these names, good for servers and clients. */
  issue(names: { dns?: readonly string[]; uris?: readonly string[]; addresses?: readonly string[] }): Promise<Issued>;
}

const life = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

/** A CA of a test's own. */
export async function makeCertificateAuthority(name = 'Test CA'): Promise<CertificateAuthority> {
  const root = await generate([{ name: 'commonName', value: name }], {
    ...life,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    certificate: root.cert,
    key: root.private,
    async issue({ dns = [], uris = [], addresses = [] }) {
      const issued = await generate([{ name: 'commonName', value: 'not a name that SIP goes by' }], {
        ...life,
        ca: { cert: root.cert, key: root.private },
        extensions: [
          { name: 'basicConstraints', cA: false, critical: true },
          { name: 'keyUsage', digitalSignature: true, critical: true },
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          {
            name: 'subjectAltName',
            altNames: [
              ...dns.map((value) => ({ type: 2 as const, value })),
              ...uris.map((value) => ({ type: 6 as const, value })),
              ...addresses.map((ip) => ({ type: 7 as const, ip })),
            ],
          },
        ],
      });
      return { certificate: issued.cert, key: issued.private };
    },
  };
}
