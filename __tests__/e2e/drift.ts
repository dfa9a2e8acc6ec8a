import { decodeJob } from '../../src/service/decode.ts'
import { isObject } from '../../src/service/envelope.ts'
import { success, unknownJob } from '../simulator/answers.ts'
import { admit, type ServiceKind, type ServiceRules } from '../simulator/dialects.ts'
import type { Reply } from '../simulator/faults.ts'
import type { StoredReply } from '../simulator/fixtures.ts'
import { project } from '../simulator/projection.ts'
import type { ImportPhase, JobScript, Standing } from '../simulator/script.ts'
import { probesFor, type Probe } from './probes.ts'
import { kindOf } from './target.ts'

/** Where a reply of a real service departs from what the embedded service says of the same; values count only as words for states. */
export function driftOf(recorded: StoredReply): readonly string[] {
  const kind = kindOf(recorded.source)
  const probe = probesFor(kind).find(({ note }) => note === recorded.note)
  const found = probe === undefined ? driftOfJob(recorded, kind) : driftOfRefusal(recorded, probe, kind)
  return [...new Set(found)]
}

function driftOfJob({ httpStatus, reply }: StoredReply, kind: ServiceKind): readonly string[] {
  const data = isObject(reply) && isObject(reply['data']) ? reply['data'] : undefined
  if (httpStatus !== 200 || data === undefined) {
    return [`HTTP ${httpStatus} with ${JSON.stringify(reply)} says nothing of the job`]
  }
  const state = data['state']
  const samples = jobReplies(kind).filter((sample) => sample.data['state'] === state)
  return [
    ...unknownWords(data),
    ...(samples.length === 0
      ? [`data.state is ${JSON.stringify(state)}, which the embedded service never says as ${nameOf(kind)}`]
      : departures(reply, samples, '')),
  ]
}

/** Words that the gate itself would not understand. */
function unknownWords(data: Readonly<Record<string, unknown>>): readonly string[] {
  const job = decodeJob(data, String)
  return [
    ...(job?.phase === 'unknown'
      ? [`data.state is ${JSON.stringify(job.label)}, a word that the gate does not know`]
      : []),
    ...(job?.files ?? [])
      .filter(({ phase }) => phase === 'unknown')
      .map(({ label }) => `data.details[].state is ${JSON.stringify(label)}, a word that the gate does not know`),
  ]
}

function driftOfRefusal({ httpStatus, reply }: StoredReply, probe: Probe, kind: ServiceKind): readonly string[] {
  const sample = contentOf(answerTo(probe, kind))
  const code = (body: unknown) => (isObject(body) ? body['code'] : undefined)
  return [
    ...(httpStatus === sample.httpStatus ? [] : [`HTTP ${httpStatus}, not ${sample.httpStatus}`]),
    ...(code(reply) === code(sample.body) ? [] : [`code is ${String(code(reply))}, not ${String(code(sample.body))}`]),
    ...departures(reply, [sample.body], ''),
  ]
}

/** Keys that came or went, and values of another type; `samples` are all that may stand in this place. */
function departures(real: unknown, samples: readonly unknown[], path: string): readonly string[] {
  const types = [...new Set(samples.map(typeOf))]
  if (!types.includes(typeOf(real))) return [`${path} is of type ${typeOf(real)}, not ${types.join(' or ')}`]
  if (Array.isArray(real)) {
    const elements = samples.filter((sample) => Array.isArray(sample)).flat() as readonly unknown[]
    if (elements.length === 0 && real.length > 0) return [`${path} is not empty`]
    return real.flatMap((element: unknown) => departures(element, elements, `${path}[]`))
  }
  if (!isObject(real)) return []
  const objects = samples.filter(isObject)
  const below = (key: string) => (path === '' ? key : `${path}.${key}`)
  const known = new Set(objects.flatMap((object) => Object.keys(object)))
  const missing = [...known].filter((key) => !(key in real) && objects.every((object) => key in object))
  const compared = Object.entries(real).flatMap(([key, value]) => {
    const having = objects.filter((object) => key in object).map((object) => object[key])
    return known.has(key) ? departures(value, having, below(key)) : [`${below(key)} is new, of type ${typeOf(value)}`]
  })
  return [...missing.map((key) => `${below(key)} is missing`), ...compared]
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

const PHASES: readonly ImportPhase[] = [
  'Pending',
  'PreImporting',
  'Importing',
  'Sorting',
  'IndexBuilding',
  'Uncommitted',
  'Committing',
  'Completed',
  'Failed',
]

/** All that the embedded service can say of a job, in shape. */
export function jobReplies(kind: ServiceKind) {
  const job: JobScript = {
    jobId: '470592730169344001',
    collectionName: 'products',
    files: ['a', 'b', 'c', 'd'].map((name) => ({ path: `${name}.json`, rows: 10, sizeBytes: 1000 })),
    course: [],
  }
  return PHASES.flatMap((phase) =>
    standingsIn(phase).flatMap((standing) =>
      [true, false].map((autoCommit) => {
        const data = project({ ...job, autoCommit }, standing, kind, () => new Date(0))
        return contentOf(success(kind, data)).body as { readonly data: Readonly<Record<string, unknown>> }
      }),
    ),
  )
}

function standingsIn(phase: ImportPhase): readonly Standing[] {
  const standing: Standing = {
    phase,
    done: 0.5,
    since: 0,
    importing: undefined,
    reason: undefined,
    failedFiles: undefined,
  }
  const withFiles = { ...standing, importing: { since: 0, lasts: 1 } }
  // Files come with the import tasks, which an import without rows never has.
  if (phase === 'Pending' || phase === 'PreImporting') return [standing]
  if (phase === 'Completed') return [standing, withFiles]
  if (phase === 'Failed') return [standing, withFiles].flatMap((each) => [each, { ...each, reason: 'the reason' }])
  return [withFiles]
}

/** What the embedded service answers to a wrong question, with rules of its own in the place of the real ones. */
function answerTo({ body, wrongKey = false }: Probe, kind: ServiceKind): Reply {
  const [rules, place]: [ServiceRules, object] =
    kind.dialect === 'milvus'
      ? [{ ...kind, apiKey: 'root:Milvus' }, {}]
      : [{ ...kind, apiKey: 'key', clusterId: 'in01-0' }, { clusterId: 'in01-0' }]
  const key = wrongKey ? `${rules.apiKey ?? ''}-not` : rules.apiKey
  const admission = admit(
    {
      method: 'POST',
      path: '/v2/vectordb/jobs/import/get_progress',
      headers: { authorization: `Bearer ${key ?? ''}` },
      body: JSON.stringify({ ...body, ...place }),
    },
    rules,
  )
  return admission.kind === 'refused' ? admission.reply : unknownJob(kind, String(body['jobId']))
}

function contentOf(reply: Reply): { readonly httpStatus: number; readonly body: unknown } {
  if (reply.kind === 'json') return { httpStatus: reply.status ?? 200, body: reply.body }
  if (reply.kind === 'raw') return { httpStatus: reply.status, body: reply.chunks.join('') }
  throw new Error(`The embedded service answers by "${reply.kind}" where a whole reply was due.`)
}

function nameOf({ dialect, version }: ServiceKind) {
  return `${dialect === 'milvus' ? 'Milvus' : 'Zilliz Cloud'} ${version}`
}
