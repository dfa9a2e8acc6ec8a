import { afterAll, describe, expect, it } from '@jest/globals'
import { removeRunnerFolders } from '../runner/runner.ts'
import { htmlPage, json } from '../simulator/faults.ts'
import type { JobScript, Step } from '../simulator/script.ts'
import type { ServiceScript } from '../simulator/server.ts'
import { aMilvus, anImport, COMPLETED, type GateOptions, type Gated, runGate } from '../support/gating.ts'
import { expectSoundRun } from './sound-run.ts'

afterAll(removeRunnerFolders)

const LIST = '/v2/vectordb/jobs/import/list'
const ZILLIZ_KEY = 'zilliz-key-of-32-characters-0123'
const NOW = Date.now()
/** A job id as a Milvus gives it out at that time. */
const idAt = (timeMs: number, counter = 0) => String((BigInt(timeMs) << 18n) + BigInt(counter))
const [FIRST, SECOND, THIRD, FOURTH] = [1, 2, 3, 4].map((n) => idAt(NOW - 60_000, n)) as [
  string,
  string,
  string,
  string,
]
const OLD = idAt(NOW - 6 * 3_600_000)

/** Two polls, the list among them, then it is through. */
const UNDER_WAY: readonly Step[] = [{ phase: 'Importing', within: [0.2, 0.8], lasts: 2 }, { phase: 'Completed' }]
const FAILED: readonly Step[] = [
  { phase: 'Importing', lasts: 0 },
  { phase: 'Failed', reason: 'disk quota exceeded' },
]
const job = (jobId: string, course: readonly Step[], but: Partial<JobScript> = {}) =>
  anImport(course, { jobId, ...but })

const zilliz = (jobs: readonly JobScript[], but: Partial<Extract<ServiceScript, { dialect: 'zilliz' }>> = {}) =>
  ({
    dialect: 'zilliz',
    version: '2026',
    apiKey: ZILLIZ_KEY,
    clusterId: 'in01-abc',
    listing: { longestPage: 2 },
    jobs,
    ...but,
  }) satisfies ServiceScript

/** A run that is given a collection and no job. */
function discover(service: ServiceScript, inputs: GateOptions['inputs'] = {}, more: GateOptions = {}): Promise<Gated> {
  return runGate(service, {
    ...more,
    inputs: {
      'job-id': 'discover',
      'collection-name': 'products',
      timeout: '20s',
      'poll-interval': '1s',
      ...(service.dialect === 'zilliz' && { 'cluster-id': 'in01-abc' }),
      ...inputs,
    },
  })
}

const bodiesOf = ({ requests }: Gated, operation: string) =>
  requests.filter((request) => request.operation === operation).map(({ body }) => JSON.parse(body) as unknown)
const LATER = 'the gate does not wait for jobs that start later'
const timesTold = ({ log }: Gated, text: string) => log.filter((line) => line.includes(text)).length

interface Dialect {
  readonly name: string
  readonly of: (jobs: readonly JobScript[]) => ServiceScript
}
const dialects: readonly Dialect[] = [
  { name: 'a Milvus', of: (jobs) => aMilvus(jobs) },
  { name: 'Zilliz Cloud, in pages of two', of: (jobs) => zilliz(jobs) },
  {
    name: 'Zilliz Cloud, which lists the jobs of all collections',
    of: (jobs) => zilliz(jobs, { listing: { longestPage: 2, ignoresCollection: true } }),
  },
]

describe.each(dialects)('the jobs of a collection of $name', ({ of }) => {
  it.concurrent(
    'are all waited for that have not ended, whatever else there is',
    async () => {
      const run = await discover(
        of([
          job(OLD, FAILED),
          job(FIRST, UNDER_WAY),
          job(SECOND, UNDER_WAY, { collectionName: 'reviews' }),
          job(THIRD, UNDER_WAY),
          job(FOURTH, FAILED, { collectionName: 'reviews' }),
        ]),
      )
      expect(expectSoundRun(run)).toBe('completed')
      expect(run.outputs).toMatchObject({
        jobId: `${FIRST},${THIRD}`,
        state: 'Completed',
        collectionName: 'products',
        importedRows: '6000',
      })
      expect(bodiesOf(run, 'describe').map((body) => (body as { jobId: string }).jobId)).toEqual(
        expect.arrayContaining([FIRST, THIRD]),
      )
      expect(JSON.stringify(bodiesOf(run, 'describe'))).not.toMatch(new RegExp(`${OLD}|${SECOND}|${FOURTH}`))
      expect(timesTold(run, LATER)).toBe(1)
      expect(
        timesTold(run, 'collection products has 2 import jobs to wait for; 1 other job ended before, 1 of them failed'),
      ).toBe(1)
      expect(run.report).toMatchObject({
        discovery: {
          collectionName: 'products',
          jobIds: [FIRST, THIRD],
          ended: [{ jobId: OLD, phase: 'failed', label: 'Failed' }],
        },
      })
    },
    30_000,
  )

  it.concurrent(
    'count with since though they ended, if they are young enough',
    async () => {
      const run = await discover(
        of([
          job(OLD, FAILED, { createTime: new Date(NOW - 6 * 3_600_000).toISOString() }),
          job(FIRST, UNDER_WAY),
          job(SECOND, FAILED, { createTime: new Date(NOW - 60_000).toISOString() }),
        ]),
        { since: '1h' },
      )
      expect(expectSoundRun(run)).toBe('failed')
      expect(run.outputs).toMatchObject({ jobId: `${FIRST},${SECOND}`, state: 'Failed', reason: 'disk quota exceeded' })
    },
    30_000,
  )

  it.concurrent(
    'are red where there are none, with all that is known of it',
    async () => {
      const run = await discover(of([job(OLD, FAILED), job(SECOND, UNDER_WAY, { collectionName: 'reviews' })]))
      expect(expectSoundRun(run)).toBe('no-jobs')
      expect(run.outputs).toMatchObject({
        state: 'Unknown',
        jobId: '',
        collectionName: '',
        progress: '',
        importedRows: '',
        totalRows: '',
        collectionRows: '',
        fileSize: '',
        fileCount: '',
        failedFileCount: '',
        completeTime: '',
        reason: expect.stringMatching(
          new RegExp(
            `^No import job of collection products is running at 127\\.0\\.0\\.1:\\d+(, cluster in01-abc)?\\. The service lists 1 job that ended before: ${OLD} \\(Failed\\)\\.$`,
          ),
        ),
        details: '[]',
        jobs: '[]',
      })
      expect(run.exitCode).toBe(1)
      expect(timesTold(run, LATER)).toBe(0)
      expect(bodiesOf(run, 'describe')).toEqual([])
      expect(run.annotations[0]?.message).toMatch(/the list leaves out jobs/)
      expect(run.report).toMatchObject({ conclusion: 'no-jobs', jobs: [], discovery: { jobIds: [] } })
    },
    30_000,
  )
})

describe('a search for jobs', () => {
  it.concurrent(
    'passes without jobs where that is allowed',
    async () => {
      const run = await discover(aMilvus([job(OLD, COMPLETED)]), { 'on-no-jobs': 'pass' })
      expect(expectSoundRun(run)).toBe('no-jobs')
      expect(run.exitCode).toBe(0)
      expect(run.annotations[0]?.message).toMatch(/the step passes, because `on-no-jobs` is `pass`/)
    },
    30_000,
  )

  it.concurrent(
    'asks for long pages of a cluster, and takes the short ones that it gets',
    async () => {
      const run = await discover(zilliz([FIRST, SECOND, THIRD].map((id) => job(id, UNDER_WAY))))
      expect(expectSoundRun(run)).toBe('completed')
      expect(run.outputs['jobId']).toBe([FIRST, SECOND, THIRD].join(','))
      expect(bodiesOf(run, 'list').slice(0, 2)).toEqual([
        { clusterId: 'in01-abc', collectionName: 'products', pageSize: 100, currentPage: 1 },
        { clusterId: 'in01-abc', collectionName: 'products', pageSize: 100, currentPage: 2 },
      ])
    },
    30_000,
  )

  it.concurrent(
    'names project and region where those are given',
    async () => {
      const place = { projectId: 'proj-1', regionId: 'gcp-us-west1' }
      const run = await discover(
        { ...zilliz([job(FIRST, UNDER_WAY)]), ...place },
        { 'cluster-id': '', 'project-id': place.projectId, 'region-id': place.regionId },
      )
      expect(expectSoundRun(run)).toBe('completed')
      expect(bodiesOf(run, 'list')[0]).toMatchObject(place)
    },
    30_000,
  )

  it.concurrent(
    'stays within its database',
    async () => {
      const run = await discover(aMilvus([job(FIRST, UNDER_WAY), job(SECOND, UNDER_WAY, { database: 'shop' })]), {
        'db-name': 'shop',
      })
      expect(expectSoundRun(run)).toBe('completed')
      expect(run.outputs['jobId']).toBe(SECOND)
      expect(timesTold(run, 'collection products in database shop has 1 import job to wait for')).toBe(1)
    },
    30_000,
  )

  it.concurrent(
    'cannot tell jobs that are hidden from none, and says so',
    async () => {
      const run = await discover(
        { ...aMilvus([job(FIRST, UNDER_WAY, { database: 'shop' })]), databases: ['default'] },
        { 'db-name': 'shop' },
      )
      expect(expectSoundRun(run)).toBe('no-jobs')
      expect(run.outputs['reason']).toMatch(
        /^No import job of collection products in database shop is running at 127\.0\.0\.1:\d+\. The service lists no other import job of this collection\.$/,
      )
      expect(run.annotations[0]?.message).toMatch(/the list leaves out jobs/)
    },
    30_000,
  )

  it.concurrent(
    'finds the jobs of a collection by its alias, as a Milvus does',
    async () => {
      const alias = (collectionName: string) =>
        json({ code: 0, data: { records: [{ jobId: FIRST, collectionName, state: 'Importing', progress: 40 }] } })
      const run = await discover(
        aMilvus([job(FIRST, UNDER_WAY, { collectionName: 'products_v7' })], {
          gateway: ({ path, body }) => {
            // Both names stand for one collection.
            if (path.endsWith('/collections/describe')) return json({ code: 0, data: { collectionID: 449 } })
            return path === LIST && body.includes('"products"') ? alias('products_v7') : undefined
          },
        }),
      )
      expect(expectSoundRun(run)).toBe('completed')
      expect(run.outputs).toMatchObject({ jobId: FIRST, collectionName: 'products_v7' })
    },
    30_000,
  )

  it.concurrent(
    'is red for a collection that is not there, also where there may be no jobs',
    async () => {
      const run = await discover(aMilvus([job(FIRST, UNDER_WAY)]), {
        'collection-name': 'prodcuts',
        'on-no-jobs': 'pass',
      })
      expect(expectSoundRun(run)).toBe('rejected')
      expect(run.exitCode).toBe(1)
      expect(run.annotations[0]?.message).toMatch(/collection-name/)
    },
    30_000,
  )

  it.concurrent(
    'cannot tell a collection that is not there from one without jobs where the service does not',
    async () => {
      const run = await discover(zilliz([job(FIRST, UNDER_WAY)]), { 'collection-name': 'prodcuts' })
      expect(expectSoundRun(run)).toBe('no-jobs')
      expect(run.annotations[0]?.message).toMatch(/Check `collection-name`, `db-name` and `endpoint` or `cluster-id`/)
    },
    30_000,
  )

  it.concurrent(
    'is red at a deadline that a gateway in front has used up, whatever on-timeout says',
    async () => {
      const run = await discover(aMilvus([job(FIRST, UNDER_WAY)], { gateway: () => htmlPage(502, 'Bad Gateway') }), {
        timeout: '2s',
        'on-timeout': 'pass',
      })
      expect(expectSoundRun(run)).toBe('unreachable')
      expect(run.outputs).toMatchObject({ state: 'Unknown', jobId: '', details: '[]', jobs: '[]' })
      expect(run.outputs['reason']).toMatch(/^No usable response for the import jobs of collection products/)
      expect(timesTold(run, 'The gate keeps polling.')).toBe(1)
      expect(run.summary.text).toContain('Collection <code>products</code>. Waited ')
    },
    30_000,
  )
})
