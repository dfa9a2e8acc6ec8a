import { createHash, randomUUID } from 'node:crypto'
import type { FileGroups } from '../gate/import-files.ts'
import type { ImportOrder } from '../gate/policy.ts'
import { importKey } from '../gate/start.ts'
import type { Environment, InputName, Inputs } from './inputs.ts'
import { all, mistaken, mistakeIn, parsed, quoted, sized, wrong } from './values.ts'
import type { Parsed } from './values.ts'

const MAX_BYTES = 1024 * 1024

/** The place of an import, which the inputs or the body may name. */
const PLACES = {
  'cluster-id': 'clusterId',
  'project-id': 'projectId',
  'region-id': 'regionId',
  'db-name': 'dbName',
} as const satisfies Partial<Record<InputName, string>>

/** The names in a body that the gate itself reads; the service takes them in any case, the gate does not. */
const READ = ['collectionName', ...Object.values(PLACES)]

type Json = Readonly<Record<string, unknown>>

/** The body as an object; undefined where it is none. */
function bodyOf(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The inputs, with the place of the import from its body where they do not name it. */
export function withPlaceOfImport(inputs: Inputs): Inputs {
  const body = bodyOf(inputs.import)
  const places = Object.entries(PLACES).map(([input, name]) => {
    const inBody = body?.[name]
    return [input, inputs[input as keyof typeof PLACES] || (typeof inBody === 'string' ? inBody.trim() : '')]
  })
  return { ...inputs, ...(Object.fromEntries(places) as Partial<Inputs>) }
}

/** The import to start; undefined where there is none. `given` are the inputs as the workflow has them. */
export function parseImport(given: Inputs, env: Environment): Parsed<ImportOrder | undefined> {
  if (given.import === '') return parseWithoutImport(given)
  const body = parseBody(given.import)
  if (body.kind === 'mistakes') return body
  const parts = all({
    alone: parseAlone(given),
    place: parseSamePlace(given, body.value),
    key: parseKey(given),
  })
  if (parts.kind === 'mistakes') return parts
  const text = withPlace(given, body.value)
  const run = runOf(env)
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const options = body.value['options']
  const autoCommit = isObject(options) ? options['auto_commit'] : undefined
  return parsed({
    collectionName: String(body.value['collectionName']),
    body: text,
    key: importKey(parts.value.key, run, hash, randomUUID()),
    files: filesOf(body.value),
    isTwoPhase: typeof autoCommit === 'string' && autoCommit.toLowerCase() === 'false',
    attempt: run?.attempt ?? 1,
  })
}

function parseWithoutImport(given: Inputs): Parsed<undefined> {
  const key = given['idempotency-key']
  if (key === '') return parsed(undefined)
  return wrong('idempotency-key', `${quoted(key)} without \`import\``, 'a value only together with `import`')
}

/** The body never stands in a mistake: it may hold keys of the storage. */
function parseBody(text: string): Parsed<Json> {
  const wrongBody = (got: string, takes: string) => wrong('import', got, takes)
  if (Buffer.byteLength(text) > MAX_BYTES) return wrongBody(sized(text), 'a JSON object of at most 1 MiB')
  const body = bodyOf(text)
  if (body === undefined) {
    const takes = 'the JSON body of a create request as text (not the path of a file)'
    return wrongBody(`${sized(text)} that is not a JSON object`, takes)
  }
  for (const key of Object.keys(body)) {
    const meant = READ.find((name) => name.toLowerCase() === key.toLowerCase()) ?? key
    if (meant !== key) return wrongBody(`the key ${quoted(key)}`, `\`${meant}\` in exactly this case`)
  }
  const { collectionName } = body
  if (typeof collectionName !== 'string' || collectionName.trim() === '') {
    return wrongBody('a body without a `collectionName` string', 'a JSON object with a `collectionName` string')
  }
  const unreadable = Object.values(PLACES).find((name) => body[name] !== undefined && typeof body[name] !== 'string')
  return unreadable === undefined ? parsed(body) : wrongBody(`a \`${unreadable}\` that is no string`, 'a string there')
}

/** Which jobs to wait for is not asked where the import is started. */
function parseAlone(given: Inputs): Parsed<true> {
  const rivals = (['job-id', 'since'] as const).filter((name) => given[name] !== '')
  const takes = `a value only without \`import\`, which starts a job of its own`
  const mistakes = rivals.map((name) => mistakeIn(name, `${quoted(given[name])} together with \`import\``, takes))
  return mistakes.length > 0 ? mistaken(...mistakes) : parsed(true)
}

/** What both the inputs and the body name must be the same. */
function parseSamePlace(given: Inputs, body: Json): Parsed<true> {
  const pairs = [...Object.entries(PLACES), ['collection-name', 'collectionName'] as const]
  const mistakes = pairs.flatMap(([input, name]) => {
    const [one, other] = [given[input as InputName], body[name]]
    if (one === '' || typeof other !== 'string' || other === one) return []
    const got = `${quoted(one)}, but \`${name}\` in \`import\` is ${quoted(other)}`
    return { input, got, takes: 'the same value in both places, or a value in one of them', example: other }
  })
  return mistakes.length > 0 ? mistaken(...mistakes) : parsed(true)
}

function parseKey(given: Inputs): Parsed<string | undefined> {
  const key = given['idempotency-key']
  if (key === '') return parsed(undefined)
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return parsed(key)
  const got = key.length > 255 ? sized(key) : quoted(key)
  return wrong('idempotency-key', got, '1 to 255 printable ASCII characters')
}

/** The body as it is sent: as written, with the place that only the inputs name in front. */
function withPlace(given: Inputs, body: Json): string {
  const missing = Object.entries(PLACES).flatMap(([input, name]) => {
    const value = given[input as keyof typeof PLACES]
    return value !== '' && body[name] === undefined ? [`${JSON.stringify(name)}: ${JSON.stringify(value)}, `] : []
  })
  // It has at least a collection name, so that a comma may follow.
  return given.import.replace('{', () => `{${missing.join('')}`)
}

/** The workflow run; undefined outside of GitHub, where no later run is known to be the same. */
function runOf(env: Environment) {
  const variable = (name: string) => env[name] ?? ''
  const runId = variable('GITHUB_RUN_ID')
  if (runId === '' || variable('ACT') === 'true') return undefined
  const attempt = /^\d{1,9}$/.test(variable('GITHUB_RUN_ATTEMPT')) ? Number(variable('GITHUB_RUN_ATTEMPT')) : 1
  return { repository: variable('GITHUB_REPOSITORY'), runId, job: variable('GITHUB_JOB'), attempt }
}

/** The files by the names that Milvus and Zilliz Cloud have for them; none where they are not named one by one. */
function filesOf(body: Json): FileGroups {
  const [groups, ...others] = ['files', 'objectUrls', 'dataPaths'].flatMap((name) => body[name] ?? [])
  const all = [groups, ...others]
  if (groups === undefined) return []
  const files = all.map((group): readonly unknown[] => (Array.isArray(group) ? (group as unknown[]) : [group]))
  return files.flat().every((path) => typeof path === 'string') ? (files as FileGroups) : []
}

/** Shorter values are too common to be masked everywhere. */
const SHORTEST = 8
const ALWAYS_SECRET = /^(?:access_?key|secret_?key|token)$/i
const OFTEN_SECRET = /(?:secret|password|token|key)$/i

/** What must be masked of a body, at any depth: keys, tokens, and in URLs the credentials and the query. */
export function importSecretsOf(text: string): readonly string[] {
  return [...new Set(allSecretsIn(text))].filter((secret) => secret !== '')
}

function allSecretsIn(text: string): readonly string[] {
  try {
    // Numbers become strings first: a long one would lose digits, and then not be masked as it is written.
    const withTexts = text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
      token.startsWith('"') ? token : `"${token}"`,
    )
    return secretsIn(JSON.parse(withTexts))
  } catch {
    // No JSON, or nested too deeply to be walked.
    return secretsInText(text)
  }
}

function secretsIn(value: unknown, key = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => secretsIn(one, key))
  if (isObject(value)) return Object.entries(value).flatMap(([name, one]) => secretsIn(one, name))
  if (typeof value !== 'string') return []
  const isSecret = ALWAYS_SECRET.test(key) || (OFTEN_SECRET.test(key) && value.length >= SHORTEST)
  return isSecret ? [value] : secretsInUrl(value)
}

/** Of a text that is no JSON: what looks like a member with a secret, and URLs. */
function secretsInText(text: string): readonly string[] {
  const members = text.matchAll(/["']?([\w-]{1,64})["']?\s{0,20}[:=]\s{0,20}["']([^"'\n]{1,4096})["']/g)
  const urls = text.matchAll(/[^\s"'<>]{1,8192}/g)
  return [
    ...Array.from(members).flatMap(([, key, value]) => secretsIn(value, key)),
    ...Array.from(urls).flatMap(([url]) => secretsInUrl(url)),
  ]
}

function secretsInUrl(text: string): readonly string[] {
  const [, userinfo = ''] = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)@/i.exec(text) ?? []
  const query = /\?([^#\s]+)/.exec(text)?.[1] ?? ''
  const values = query.split('&').map((pair) => pair.slice(pair.indexOf('=') + 1))
  const password = userinfo.slice(userinfo.indexOf(':') + 1)
  return [userinfo, password, query, ...[...values, ...values.map(decoded)].filter(({ length }) => length >= SHORTEST)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The body as it may be shown: every string that holds a secret without it, the rest as written. */
export function shownImport(text: string): string {
  const secrets = importSecretsOf(text).toSorted((a, b) => b.length - a.length)
  if (secrets.length === 0) return text
  const masked = (plain: string) => secrets.reduce((left, secret) => left.replaceAll(secret, '***'), plain)
  return masked(
    text.replace(/"(?:[^"\\]|\\.)*"/g, (literal) => {
      const plain = JSON.parse(literal) as string
      return masked(plain) === plain ? literal : JSON.stringify(masked(plain))
    }),
  )
}
