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

/** One HTTP exchange to be made: a POST where it has a body, else a GET. */
export interface HttpRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
  /** Connect to last byte. */
  readonly timeoutMs: number
}

/** What an exchange brought: a whole reply, or why there is none. `addresses` were tried in vain, of a host with several. */
export type HttpReply =
  | {
      readonly kind: 'reply'
      readonly status: number
      /** By lower-case name. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
      readonly sizeBytes: number
    }
  | { readonly kind: 'too-large'; readonly status: number }
  | { readonly kind: 'timeout'; readonly timeoutMs: number; readonly addresses?: readonly string[] }
  | {
      readonly kind: 'aborted'
      readonly reason: unknown
      readonly afterMs: number
      readonly addresses?: readonly string[]
    }
  /** The proxy did not open a tunnel. */
  | { readonly kind: 'proxy-refused'; readonly status: number }
  | NetworkFailure

/** There is no response, or only a part of one. */
export interface NetworkFailure {
  readonly kind: 'network'
  /** Node's, OpenSSL's or undici's error code; `NOT_HTTP` where the response is none of HTTP/1.1. */
  readonly code: string
  readonly message: string
  readonly addresses?: readonly string[]
  /** The first bytes of what is not HTTP. */
  readonly received?: string
  /** No byte of the request can have reached the service. */
  readonly isUnsent?: boolean
  /** Reset before the response began, by a host that has answered before: a kept-alive connection may just have expired. */
  readonly mayBeStale?: boolean
}

/** A connection pool to one host. */
export interface HttpConnection {
  /** Never rejects. */
  send(request: HttpRequest): Promise<HttpReply>
  /** Drops all connections, so that they do not keep the process alive. */
  close(): Promise<void>
}
