/** How to reach one address: trust, identity and proxies. */
export interface Transport {
  /** Origin plus path prefix, without a trailing slash. */
  readonly endpoint: string
  readonly tls: {
    /** PEM certificates to trust besides Node's roots and `NODE_EXTRA_CA_CERTS`; `system` for the machine's own store. */
    readonly ca: { readonly kind: 'pem'; readonly pem: string } | { readonly kind: 'system' } | undefined
    readonly clientCert: string | undefined
    readonly clientKey: string | undefined
    readonly serverName: string | undefined
    /** `NODE_EXTRA_CA_CERTS`, for a Node that cannot list its default roots. */
    readonly extraCaPath: string | undefined
  }
  readonly proxy: {
    readonly httpProxy: string | undefined
    readonly httpsProxy: string | undefined
    readonly noProxy: string
  }
}

/** How to reach the service, and what goes with every request. */
export interface Connection extends Transport {
  /** Empty: no `Authorization` header. */
  readonly apiKey: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Which service and database the jobs belong to; sent in the request's body and headers where given. */
export interface Target {
  readonly clusterId: string | undefined
  readonly projectId: string | undefined
  readonly regionId: string | undefined
  readonly dbName: string | undefined
}

/** Where a collection's indexes, load state and rows are polled. */
export type DataPlane =
  /** At the endpoint, as with every Milvus. */
  | { readonly kind: 'same' }
  /** At this origin plus path prefix, without a trailing slash. */
  | { readonly kind: 'address'; readonly endpoint: string }
  /** Where the control plane says that the cluster is. */
  | { readonly kind: 'cluster' }
