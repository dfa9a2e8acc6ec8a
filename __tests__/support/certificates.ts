import { generate } from 'selfsigned'

/** A certificate and its private key, as PEM texts. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** A root that nobody but the tests trusts, and what it has signed. */
export interface Certificates {
  readonly ca: KeyPair
  /** For `localhost`, `127.0.0.1` and `::1`. */
  readonly server: KeyPair
  /** Good but for its name, `elsewhere.example`. */
  readonly wrongHost: KeyPair
  /** Good until yesterday. */
  readonly expired: KeyPair
  readonly client: KeyPair
}

/** Makes a fresh set; about a tenth of a second. Roots that are to be trusted side by side need names of their own. */
export async function makeCertificates(rootName = 'Root of the tests'): Promise<Certificates> {
  const ca = await makeCertificate({ name: rootName, isRoot: true })
  const [server, wrongHost, expired, client] = await Promise.all([
    makeCertificate({ name: 'localhost', hosts: loopback, ca }),
    makeCertificate({ name: 'elsewhere.example', hosts: [{ type: 2, value: 'elsewhere.example' }], ca }),
    makeCertificate({ name: 'localhost', hosts: loopback, ca, notAfter: new Date(Date.now() - dayMs) }),
    makeCertificate({ name: 'a client of the tests', ca }),
  ])
  return { ca, server, wrongHost, expired, client }
}

type HostName = { readonly type: 2; readonly value: string } | { readonly type: 7; readonly ip: string }

interface CertificateWish {
  readonly name: string
  readonly hosts?: readonly HostName[]
  readonly ca?: KeyPair
  readonly isRoot?: boolean
  readonly notAfter?: Date
}

const dayMs = 86_400_000

const loopback: readonly HostName[] = [
  { type: 2, value: 'localhost' },
  { type: 7, ip: '127.0.0.1' },
  { type: 7, ip: '::1' },
]

async function makeCertificate(wish: CertificateWish): Promise<KeyPair> {
  const { name, hosts = [], ca, isRoot = false, notAfter = new Date(Date.now() + dayMs) } = wish
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(notAfter.getTime() - 30 * dayMs),
    notAfterDate: notAfter,
    extensions: [
      { name: 'basicConstraints', cA: isRoot, critical: true },
      isRoot
        ? { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }
        : { name: 'keyUsage', digitalSignature: true, critical: true },
      ...(isRoot ? [] : [{ name: 'extKeyUsage' as const, serverAuth: true, clientAuth: true }]),
      ...(hosts.length === 0 ? [] : [{ name: 'subjectAltName' as const, altNames: [...hosts] }]),
    ],
    ...(ca === undefined ? {} : { ca: { key: ca.key, cert: ca.cert } }),
  })
  return { cert, key }
}
