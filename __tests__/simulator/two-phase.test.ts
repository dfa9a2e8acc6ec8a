import { afterEach, describe, expect, it } from '@jest/globals'
import { aJob, closeAll, cloudJobId, clusterId, jobId, parsed, send, start } from './asking.ts'
import type { ServiceRules } from './dialects.ts'
import { text, type Reply } from './faults.ts'
import type { TwoPhaseOperation } from './routes.ts'
import type { ImportPhase, JobScript, Step } from './script.ts'

afterEach(closeAll)

const milvus: ServiceRules = { dialect: 'milvus', version: '3.0' }

/** One that rests where a commit is awaited, and commits for one poll. */
function aTwoPhaseJob(changes: Partial<JobScript> = {}): JobScript {
  return aJob({
    autoCommit: false,
    clock: 'polls',
    course: [{ phase: 'Importing', lasts: 1 }, { phase: 'Uncommitted' }],
    afterCommit: [{ phase: 'Committing', lasts: 1 }, { phase: 'Completed' }],
    ...changes,
  })
}

async function serving(job: JobScript, rules = milvus) {
  const service = await start({ ...rules, jobs: [job] })
  const asked = async (operation: string) =>
    send(service.url, { path: `/v2/vectordb/jobs/import/${operation}`, body: { jobId } })
  const state = async () => parsed(await asked('describe')).data?.['state']
  const code = async (result: TwoPhaseOperation) => parsed(await asked(result)).code
  return { ...service, asked, state, code }
}

describe('a commit', () => {
  it('is followed by what the script says, and may be asked for again', async () => {
    const { state, code } = await serving(aTwoPhaseJob())
    expect([await state(), await state(), await state()]).toEqual(['Importing', 'Uncommitted', 'Uncommitted'])
    expect(await code('commit')).toBe(0)
    expect([await state(), await code('commit'), await state(), await code('commit')]).toEqual([
      'Committing',
      0,
      'Completed',
      0,
    ])
    expect(await state()).toBe('Completed')
  })

  it('answers with empty data', async () => {
    const { asked } = await serving(aTwoPhaseJob({ course: [{ phase: 'Uncommitted' }] }))
    expect(await asked('commit')).toMatchObject({ status: 200, body: '{"code":0,"data":{}}' })
  })

  it('keeps the files and rows that were imported', async () => {
    const { asked, state, code } = await serving(aTwoPhaseJob())
    await state()
    await state()
    await code('commit')
    await state()
    const { data } = parsed(await asked('describe'))
    expect(data).toMatchObject({ state: 'Completed', importedRows: 3000, details: [{ state: 'Completed' }, {}, {}] })
    expect(data?.['completeTime']).toMatch(/Z$/)
  })

  it('ends the import at once unless told otherwise', async () => {
    const { asked, state, code } = await serving(
      aJob({ autoCommit: false, course: [{ phase: 'Importing', lasts: 0 }, { phase: 'Uncommitted' }] }),
    )
    expect([await state(), await code('commit'), await state()]).toEqual(['Uncommitted', 0, 'Completed'])
    expect(parsed(await asked('describe')).data).toMatchObject({ progress: 100 })
  })

  it.each<[phase: ImportPhase, code: number]>([
    ['Pending', 2100],
    ['PreImporting', 2100],
    ['Importing', 2100],
    ['Sorting', 2100],
    ['IndexBuilding', 2100],
    ['Uncommitted', 0],
    ['Committing', 0],
    ['Completed', 0],
    ['Failed', 2100],
  ])('of a job that is %s answers %d', async (phase, code) => {
    const { asked } = await serving(aTwoPhaseJob({ course: [{ phase }] }))
    const { code: got, message } = parsed(await asked('commit'))
    expect(got).toBe(code)
    if (code !== 0) expect(message).toContain(`job ${jobId} is in state ${phase}, expected Uncommitted: `)
  })

  it('of a poll counts from the state that was last shown', async () => {
    const course: Step[] = [
      { phase: 'Uncommitted', lasts: 1 },
      { phase: 'Failed', reason: 'import timeout' },
    ]
    const inTime = await serving(aTwoPhaseJob({ course }))
    expect([await inTime.state(), await inTime.code('commit'), await inTime.state()]).toEqual([
      'Uncommitted',
      0,
      'Committing',
    ])
    const late = await serving(aTwoPhaseJob({ course }))
    expect([await late.state(), await late.state(), await late.code('commit')]).toEqual(['Uncommitted', 'Failed', 2100])
  })
})

describe('an abort', () => {
  it('fails the job, and may be asked for again', async () => {
    const { asked, state, code } = await serving(aTwoPhaseJob())
    await state()
    expect([await code('abort'), await code('abort')]).toEqual([0, 0])
    expect(parsed(await asked('describe')).data).toMatchObject({
      state: 'Failed',
      progress: 0,
      importedRows: 0,
      reason: 'aborted by user',
    })
    expect(await code('commit')).toBe(2100)
  })

  it.each<[phase: ImportPhase, code: number]>([
    ['Pending', 0],
    ['Importing', 0],
    ['Uncommitted', 0],
    ['Committing', 2100],
    ['Completed', 2100],
  ])('of a job that is %s answers %d', async (phase, code) => {
    const { asked } = await serving(aTwoPhaseJob({ course: [{ phase }] }))
    const { code: got, message } = parsed(await asked('abort'))
    expect(got).toBe(code)
    if (code !== 0) expect(message).toContain(`job ${jobId} is in terminal/committed state ${phase}, abort not allowed`)
  })

  it('leaves a job that failed by itself its own reason', async () => {
    const { asked, code } = await serving(aTwoPhaseJob({ course: [{ phase: 'Failed', reason: 'disk full' }] }))
    expect(await code('abort')).toBe(0)
    expect(parsed(await asked('describe')).data).toMatchObject({ state: 'Failed', reason: 'disk full' })
  })
})

describe.each<TwoPhaseOperation>(['commit', 'abort'])('a %s', (result) => {
  const path = `/v2/vectordb/jobs/import/${result}`

  it('is refused for a job that commits by itself', async () => {
    const { asked } = await serving(aJob({ course: [{ phase: 'Uncommitted' }] }))
    expect(parsed(await asked(result))).toMatchObject({
      code: 2100,
      message: expect.stringContaining(`job ${jobId} is auto-commit, manual commit/abort not allowed`),
    })
  })

  it.each<[title: string, body: unknown, code: number]>([
    ['an unknown id', { jobId: '1' }, 2101],
    ['an id that is no number', { jobId: 'job-1' }, 1100],
    ['an id that is no string', { jobId: 1 }, 1801],
    ['no id', {}, 1802],
  ])('is refused for %s', async (_, body, code) => {
    const { url } = await serving(aTwoPhaseJob())
    expect(parsed(await send(url, { path, body })).code).toBe(code)
  })

  it('is refused for a record that is gone, in words of its own', async () => {
    const { asked } = await serving(aTwoPhaseJob({ course: [{ phase: 'Gone' }] }))
    expect(parsed(await asked(result)).message).toMatch(`job ${jobId} not found`)
  })

  it('needs the key and its database', async () => {
    const rules: ServiceRules = { ...milvus, apiKey: 'u:p', databases: ['shop'] }
    const { url } = await serving(aTwoPhaseJob(), rules)
    const authorization = 'Bearer u:p'
    expect(await send(url, { path })).toMatchObject({ status: 401 })
    expect(await send(url, { path, headers: { authorization } })).toMatchObject({ status: 403 })
  })

  it.each(['2.4', '2.5', '2.6'] as const)('is no path of %s', async (version) => {
    const { asked } = await serving(aTwoPhaseJob(), { dialect: 'milvus', version })
    expect(await asked(result)).toMatchObject({ status: 404, body: '404 page not found' })
  })

  it('in Zilliz Cloud needs the place of the job, like a poll', async () => {
    const rules: ServiceRules = { dialect: 'zilliz', version: '2026', apiKey: 'k', clusterId }
    const { url } = await serving(aTwoPhaseJob({ jobId: cloudJobId }), rules)
    const codeOf = async (body: unknown) =>
      parsed(await send(url, { path, headers: { authorization: 'Bearer k' }, body })).code
    expect(await codeOf({ jobId: cloudJobId })).toBe(96025)
    expect(await codeOf({ jobId: 'job-9', clusterId })).toBe(96026)
    expect(await codeOf({ jobId: cloudJobId, clusterId })).toBe(result === 'commit' ? 2100 : 0)
  })

  const uncommitted = aTwoPhaseJob({ course: [{ phase: 'Uncommitted' }] })
  const busy: Reply = text(503, 'busy')
  const [faults, answer] =
    result === 'commit' ? (['commitFaults', 'answerCommit'] as const) : (['abortFaults', 'answerAbort'] as const)

  it('can be answered by something else for a while, and then has no effect', async () => {
    const { asked, state } = await serving({ ...uncommitted, [faults]: [{ until: 1, reply: busy }] })
    expect(await asked(result)).toMatchObject({ status: 503 })
    expect(await state()).toBe('Uncommitted')
    expect(await asked(result)).toMatchObject({ status: 200 })
    expect(await state()).not.toBe('Uncommitted')
  })

  it('can lose its answer after it took effect', async () => {
    const { asked, state } = await serving({
      ...uncommitted,
      [faults]: [{ from: 0, until: 1, reply: { kind: 'cut', when: 'before-headers', by: 'reset' }, takesEffect: true }],
    })
    await expect(asked(result)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await state()).toBe(result === 'commit' ? 'Committing' : 'Failed')
    expect(await asked(result)).toMatchObject({ status: 200 })
  })

  it('can be answered by a function', async () => {
    const { asked } = await serving({
      ...uncommitted,
      [answer]: (_: unknown, nth: number) => (nth === 1 ? busy : undefined),
    })
    expect([(await asked(result)).status, (await asked(result)).status, (await asked(result)).status]).toEqual([
      200, 503, 200,
    ])
  })

  it('is seen as what it is, granted or not', async () => {
    const { asked, state, requests } = await serving(aTwoPhaseJob({ course: [{ phase: 'Failed' }] }))
    await asked(result)
    await state()
    expect(requests).toMatchObject([
      { operation: result, jobId, poll: undefined },
      { operation: 'describe', jobId, poll: 0 },
    ])
  })
})
