import { afterEach, describe, expect, it } from '@jest/globals'
import type { CommitResult } from '../../src/gate/import-service.ts'
import { htmlPage, json, redirect, text } from '../simulator/faults.ts'
import type { Reply } from '../simulator/faults.ts'
import { inWords, asking, asMany, closeAll, inTurn, KEY } from './asked-service.ts'

const JOB = '448761313698322011'
const DONE = json({ code: 0, data: {} })
const STATE = json({ code: 0, data: { jobId: JOB, state: 'Uncommitted' } })
const error = (code: number | string, message = 'boom', status = 200) => json({ code, message }, status)

afterEach(closeAll)

async function result(verb: 'commit' | 'abort', reply: Reply): Promise<CommitResult> {
  const { service } = await asking(inTurn(reply))
  return service[verb](JOB, asMany())
}

describe('what goes over the wire to commit or abort', () => {
  it.each(['commit', 'abort'] as const)('is one POST to %s, with the job and its place', async (verb) => {
    const { service, requests, exchanges } = await asking(inTurn(DONE), { clusterId: 'in01-abc', dbName: 'shop' })
    expect(await service[verb](JOB, asMany())).toEqual({ kind: 'done' })
    expect(requests).toMatchObject([
      {
        method: 'POST',
        path: `/v2/vectordb/jobs/import/${verb}`,
        body: JSON.stringify({ jobId: JOB, clusterId: 'in01-abc' }),
        headers: { 'db-name': 'shop', authorization: `Bearer ${KEY}` },
      },
    ])
    expect(exchanges).toMatchObject([
      { jobId: JOB, path: `/v2/vectordb/jobs/import/${verb}`, code: 0, outcome: 'answered' },
    ])
  })

  it('is nothing where there is no turn', async () => {
    const { service, requests } = await asking(inTurn(DONE))
    expect(await service.commit(JOB, asMany({ turns: 0 }))).toEqual({ kind: 'cancelled' })
    expect(requests).toEqual([])
  })
})

describe('the answer to a commit', () => {
  const STATES = `job ${JOB} is in state Importing, expected Uncommitted: importing data failed`
  const CASES: readonly (readonly [what: string, reply: Reply, kind: CommitResult['kind'], outcome?: string])[] = [
    ['success', DONE, 'done'],
    ['success as 200', json({ code: 200, data: {} }), 'done'],
    ['success without data', json({ code: 0 }), 'outage', 'unclear'],
    ['success at HTTP 500', json({ code: 0, data: {} }, 500), 'outage', 'unclear'],
    ['96026', error(96026, 'Job not found.'), 'unknown-job'],
    ['a job that is not found', error(2101, `job ${JOB} not found`), 'unknown-job'],
    ['a job that is not found, at HTTP 500', error(2101, `job ${JOB} not found`, 500), 'unknown-job'],
    ['a job that does not exist', error(2100, `import job does not exist, jobID=${JOB}`), 'unknown-job'],
    ['a job that does not exist, in other words', error(2101, `job ${JOB} does not exist`), 'unknown-job'],
    ['a job in another state', error(2100, STATES), 'declined', 'code-2100'],
    ['a job in another state, at HTTP 400', error(2100, STATES, 400), 'declined', 'code-2100'],
    ['a job in another state, at HTTP 500', error(2101, STATES, 500), 'declined', 'code-2101'],
    [
      'a job that failed since a file was not found',
      error(2100, `job ${JOB} is in state Failed (a.parquet not found), expected Uncommitted`),
      'declined',
      'code-2100',
    ],
    [
      'an ordinary job',
      error(2100, `job ${JOB} is auto-commit, manual commit/abort not allowed`),
      'declined',
      'code-2100',
    ],
    ['a failed import of another sort', error(2101, 'importing data failed on server side'), 'outage', 'code-2101'],
    ['a bad key', error(1800), 'refused', 'code-1800'],
    ['a missing permission', error(65535, 'PrivilegeImport: permission deny to u', 403), 'refused', 'code-65535'],
    ['2100 at HTTP 403', error(2100, `job ${JOB} not found`, 403), 'refused', 'code-2100'],
    ['a job id that is none', error(1100, 'parse job id failed'), 'refused', 'code-1100'],
    ['a gone collection', error(100, 'collection not found'), 'refused', 'code-100'],
    ['a rate limit', error(1807, 'rejected by limiter'), 'outage', 'code-1807'],
    ['a timeout of the server', error(10001, 'request timeout', 408), 'outage', 'code-10001'],
    ['a code nobody knows', error(4711), 'outage', 'code-4711'],
    ['a server that is not ready', error(1, `job ${JOB} not found`), 'outage', 'code-1'],
    ['404 with an envelope', error(4711, 'no', 404), 'outage', 'code-4711'],
    ['the 404 of gin', text(404, '404 page not found'), 'declined', 'no-commit'],
    ['a page at 405', htmlPage(405, 'Method not allowed'), 'declined', 'no-commit'],
    ['a gateway that forbids it', htmlPage(403, 'Forbidden'), 'refused', 'http-403'],
    ['a redirect', redirect('https://elsewhere.example/x'), 'refused', 'http-301'],
    ['HTTP 502', htmlPage(502, 'Bad gateway'), 'outage', 'http-502'],
    ['a web page', htmlPage(200, 'Log in'), 'outage', 'not-json'],
    ['a cut connection', { kind: 'cut', when: 'before-headers', by: 'reset' }, 'outage', 'reset'],
  ]

  it.each(CASES.map(([what, ...rest]) => [what, rest] as const))('%s', async (_what, [reply, kind, outcome]) => {
    expect(await result('commit', reply)).toMatchObject({
      kind,
      ...(outcome !== undefined && { error: { outcome } }),
    })
  })

  it.each([404, 405])('without an envelope at HTTP %i is declined also after a good answer', async (status) => {
    const { service } = await asking(inTurn(STATE, text(status, 'no')))
    await service.pollerFor([JOB])(JOB, { ...asMany(), isLast: false })
    expect(await service.commit(JOB, asMany())).toMatchObject({ kind: 'declined', error: { outcome: 'no-commit' } })
  })

  it.each([404, 405])('without an envelope at HTTP %i is an outage once one was accepted', async (status) => {
    const { service } = await asking(inTurn(DONE, text(status, 'no')))
    expect(await service.commit(JOB, asMany())).toEqual({ kind: 'done' })
    expect(await service.abort(JOB, asMany())).toMatchObject({ kind: 'outage', error: { outcome: `http-${status}` } })
  })

  it.each([403, 400])('without an envelope at HTTP %i is an outage after a good answer', async (status) => {
    const { service } = await asking(inTurn(STATE, text(status, 'no')))
    await service.pollerFor([JOB])(JOB, { ...asMany(), isLast: false })
    expect(await service.commit(JOB, asMany())).toMatchObject({ kind: 'outage' })
  })

  it('brings Retry-After along', async () => {
    const answer = await result('commit', json({ code: 8, message: 'slow down' }, 429, { 'Retry-After': '7' }))
    expect(answer).toMatchObject({ kind: 'outage', retryAfterMs: 7_000 })
  })

  it('tells what was refused, and by whom, without secrets', async () => {
    const { service, url } = await asking(inTurn(error(2100, `${STATES}; key ${KEY}`)))
    const told = await service.commit(JOB, asMany())
    expect(inWords(told)).toMatchObject({
      error: {
        what: `${new URL(url).host} rejected the request to commit job ${JOB}: code 2100: “${STATES}; key ***”.`,
        next: expect.stringContaining('Uncommitted'),
      },
    })
  })

  it.each([
    ['commit', '`on-uncommitted`'],
    ['abort', '`abort-uncommitted`'],
  ] as const)('says that a server knows no %s, and what to set', async (verb, input) => {
    expect(inWords(await result(verb, text(404, '404 page not found')))).toMatchObject({
      kind: 'declined',
      error: {
        outcome: `no-${verb}`,
        what: expect.stringMatching(new RegExp(`does not support ${verb} .*Milvus 3\\.0`)),
        next: expect.stringContaining(input),
      },
    })
  })

  it.each(['commit', 'abort'] as const)('to %s has its words for each error', async (verb) => {
    const { service, url } = await asking(
      inTurn(error(1800, ''), error(8, ''), json({ code: 0 }), error(2101, 'job not found'), error(4711, '', 404)),
    )
    const { host } = new URL(url)
    const said: object[] = []
    for (let i = 0; i < 5; i += 1) said.push(await service[verb](JOB, asMany()))
    expect(said.map(inWords)).toMatchObject(
      [
        `${host} rejected the request to ${verb} job ${JOB}: code 1800.`,
        `${host} returned an error to the request to ${verb} job ${JOB}: code 8.`,
        `${host} returned code 0, but not a confirmation of the ${verb}.`,
        `${host} returned: “job not found”.`,
        `${host} returned an error to the request to ${verb} job ${JOB}: HTTP 404, code 4711.`,
      ].map((what) => ({ error: { what } })),
    )
  })

  it('of an abort speaks of the abort', async () => {
    const answer = await result('abort', error(2100, `job ${JOB} is in state Committing, abort not allowed`))
    expect(inWords(answer)).toMatchObject({
      kind: 'declined',
      error: {
        what: expect.stringContaining(`rejected the request to abort job ${JOB}`),
        next: expect.stringMatching(/aborted/),
      },
    })
  })

  it.each([
    ['interrupted', 'cancelled'],
    ['time is up', 'outage'],
  ])('that does not come before somebody says %j: %s', async (reason, kind) => {
    const { service } = await asking(inTurn({ kind: 'hang', when: 'before-headers' }))
    const stop = new AbortController()
    const answer = service.commit(JOB, asMany({ signal: stop.signal }))
    setTimeout(() => {
      stop.abort(reason)
    }, 50)
    expect(await answer).toMatchObject({ kind })
  })
})
