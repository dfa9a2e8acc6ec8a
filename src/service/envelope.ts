/** What both services wrap their answers in: `{"code": 0, "data": {…}}` or `{"code": 1800, "message": "…"}`. */
export interface Envelope {
  readonly code: number
  readonly message: string
  /** Undefined where it is missing or no object. */
  readonly data: JsonObject | undefined
  /** The data where they are a list, as the data plane sends them. */
  readonly items?: readonly unknown[]
}

export type JsonObject = Readonly<Record<string, unknown>>

/** Success is 0; Milvus 2.4.0 to 2.4.2 said 200 (milvus-io/milvus#33363). */
export function isSuccess({ code }: Envelope): boolean {
  return code === 0 || code === 200
}

/** The envelope in a reply's body; undefined where the body is something else. */
export function readEnvelope(body: string): Envelope | undefined {
  const json = parse(body.replace(/^\uFEFF/, ''))
  if (!isObject(json)) return undefined
  const data = valueOf(json, 'data')
  const message = valueOf(json, 'message')
  const codeValue = valueOf(json, 'code')
  const code = codeValue === undefined ? successStatus(json, data) : integerLike(codeValue)
  if (code === undefined) return undefined
  return {
    code,
    message: typeof message === 'string' ? message : '',
    data: isObject(data) ? data : undefined,
    ...(Array.isArray(data) && { items: data }),
  }
}

/** A member by its name in any case, exact first: Go's decoders on both sides do not care, and `jobID` was sent once. */
export function valueOf(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name]
  const lower = name.toLowerCase()
  const key = Object.keys(object).find((candidate) => candidate.toLowerCase() === lower)
  return key === undefined ? undefined : object[key]
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Some fixtures of SDKs say `status` for `code`; an error is never believed from there. */
function successStatus(json: JsonObject, data: unknown): number | undefined {
  const status = integerLike(valueOf(json, 'status'))
  return isObject(data) && (status === 0 || status === 200) ? status : undefined
}

function integerLike(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined
  return typeof value === 'string' && /^-?\d{1,9}$/.test(value.trim()) ? Number(value) : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
