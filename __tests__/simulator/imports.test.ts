import { afterEach, describe, expect, it } from '@jest/globals'
import { aJob, closeAll, cloudJobId, jobId, parsed, send, start } from './asking.ts'
import type { MilvusVersion, ServiceRules } from './dialects.ts'
import { htmlPage, text } from './faults.ts'
import { project } from './projection.ts'
import { fileSeries } from './scenarios.ts'
import { lineAt, type JobScript, type Step } from './script.ts'
import { startSimulators, type Wiring } from './server.ts'

afterEach(closeAll)

describe('an import', () => {
  const timeOf = (position: number) => new Date(Date.UTC(2026, 10, 20, 10, 0, position))

  function seen(course: readonly Step[], position: number, service: ServiceRules, changes: Partial<JobScript> = {}) {
    const job = aJob({ course, clock: 'polls', ...changes })
    const line = lineAt(job, position)
    if (line.kind !== 'standing') throw new Error(`a ${line.kind} where a state was expected`)
    return project(job, line.standing, service, timeOf)
  }

  const v26: ServiceRules = { dialect: 'milvus', version: '2.6' }
  const course: Step[] = [
    { phase: 'Pending', lasts: 10 },
    { phase: 'PreImporting', lasts: 10 },
    { phase: 'Importing', lasts: 10 },
    { phase: 'Sorting', lasts: 10 },
    { phase: 'IndexBuilding', lasts: 10 },
    { phase: 'Uncommitted', lasts: 10 },
    { phase: 'Committing', lasts: 10 },
    { phase: 'Completed' },
  ]

  it.each<[position: number, state: string, progress: number, imported: number, total: number, files: number]>([
    [0, 'Pending', 0, 0, 0, 0],
    [9, 'Pending', 9, 0, 0, 0],
    [10, 'Importing', 10, 0, 0, 0],
    [15, 'Importing', 25, 0, 0, 0],
    [20, 'Importing', 40, 0, 3000, 3],
    [25, 'Importing', 55, 1500, 3000, 3],
    [30, 'Importing', 70, 3000, 3000, 3],
    [45, 'Importing', 85, 3000, 3000, 3],
    [55, 'Importing', 99, 3000, 3000, 3],
    [65, 'Importing', 99, 3000, 3000, 3],
    [70, 'Completed', 100, 3000, 3000, 3],
    [999, 'Completed', 100, 3000, 3000, 3],
  ])('shows at %d as %s, %d %%, %d of %d rows, %d files', (at, state, progress, importedRows, totalRows, files) => {
    const data = seen(course, at, v26)
    expect(data).toMatchObject({ state, progress, importedRows, totalRows, fileSize: files * 5000 })
    expect(data['details']).toHaveLength(files)
  })

  it('shows files that are through, running and waiting, in words of their own', () => {
    expect(seen(course, 25, v26)['details']).toMatchObject([
      { fileName: '[catalog/part-0.parquet]', state: 'Completed', progress: 100, completeTime: '2026-11-20T10:00:25Z' },
      { state: 'InProgress', progress: 50, importedRows: 500, totalRows: 1000, completeTime: '' },
      { state: 'Pending', progress: 0, importedRows: 0, totalRows: 1000 },
    ])
  })

  it('is at 99 in words of its own where it waits for a commit', () => {
    const states = [55, 65].map((at) => seen(course, at, v26, { autoCommit: false }))
    expect(states).toMatchObject([
      { state: 'Uncommitted', progress: 99 },
      { state: 'Committing', progress: 99 },
    ])
  })

  it('takes everything back when it fails, and says why at the job and the files', () => {
    const failing: Step[] = [
      { phase: 'Importing', lasts: 10 },
      { phase: 'Failed', reason: 'disk quota exceeded' },
    ]
    const data = seen(failing, 10, v26)
    expect(data).toMatchObject({
      state: 'Failed',
      progress: 0,
      importedRows: 0,
      totalRows: 0,
      reason: 'disk quota exceeded',
      completeTime: '',
    })
    expect(data['details']).toMatchObject(Array(3).fill({ state: 'Failed', reason: 'disk quota exceeded' }))
  })

  it('can fail by one of its files', () => {
    const failing: Step[] = [
      { phase: 'Importing', lasts: 10, within: [0, 0.5] },
      { phase: 'Failed', within: [0.5, 0.5], failedFiles: ['catalog/part-1.parquet'], reason: 'no' },
    ]
    const states = (seen(failing, 10, v26)['details'] as { state: string }[]).map(({ state }) => state)
    expect(states).toEqual(['Completed', 'Failed', 'Pending'])
  })

  it('lists no file when it fails before the import itself', () => {
    const failing: Step[] = [
      { phase: 'PreImporting', lasts: 10 },
      { phase: 'Failed', reason: 'NoSuchKey' },
    ]
    expect(seen(failing, 10, v26)).toMatchObject({ state: 'Failed', fileSize: 0, details: [], reason: 'NoSuchKey' })
  })

  it('has neither rows nor a time when there was nothing to import', () => {
    const empty: Step[] = [{ phase: 'PreImporting', lasts: 10 }, { phase: 'Completed' }]
    expect(seen(empty, 10, v26)).toMatchObject({
      state: 'Completed',
      progress: 100,
      totalRows: 0,
      completeTime: '',
      details: [],
    })
  })

  it('rests, and falls back, where its script says so', () => {
    const uneven: Step[] = [
      { phase: 'IndexBuilding', lasts: 10, within: [0, 0] },
      { phase: 'Importing', lasts: 10, within: [0.8, 0] },
      { phase: 'Completed' },
    ]
    expect([0, 9, 10, 15].map((at) => seen(uneven, at, v26).progress)).toEqual([80, 80, 64, 52])
  })

  it.each<[version: MilvusVersion, fileName: string, atIndex: number, hasCreateTime: boolean]>([
    ['2.4.0', `id:470592729907200002 paths:"catalog/part-0.parquet" `, 80, false],
    ['2.4', '[catalog/part-0.parquet]', 80, false],
    ['2.5', '[catalog/part-0.parquet]', 85, false],
    ['2.6', '[catalog/part-0.parquet]', 85, true],
    ['3.0', '[catalog/part-0.parquet]', 85, true],
  ])('looks different in %s', (version, fileName, progress, hasCreateTime) => {
    const data = seen(course, 45, { dialect: 'milvus', version })
    expect(data).toMatchObject({ progress, details: [{ fileName }, {}, {}] })
    expect('createTime' in data).toBe(hasCreateTime)
    expect('reason' in data).toBe(false)
  })

  it('looks different in Zilliz Cloud', () => {
    const data = seen(course, 25, { dialect: 'zilliz', version: '2026' }, { jobId: cloudJobId })
    expect(data).toMatchObject({ jobId: cloudJobId, fileName: 'catalog/part-0.parquet', reason: '', totalRows: 3000 })
    expect(data).not.toHaveProperty('importedRows')
    expect(data['details']).toMatchObject([
      { state: 'Completed', reason: '' },
      { state: 'Importing' },
      { state: 'Pending' },
    ])
  })

  it('of a thousand files is a thousand rows', () => {
    const files = fileSeries({ count: 1024, path: 'shard-{n}.parquet', rows: 10, sizeBytes: 1 })
    expect(seen(course, 70, v26, { files })['details']).toHaveLength(1024)
  })

  it('needs an end', () => {
    expect(() => seen([{ phase: 'Pending', lasts: 1 }], 1, v26)).toThrow('last step')
  })
})

describe('a script', () => {
  const v25 = { dialect: 'milvus', version: '2.5' } as const

  async function polls(count: number, job: Partial<JobScript>, wiring?: Wiring) {
    const { url } = await start({ ...v25, jobs: [aJob(job)] }, wiring)
    const gists: string[] = []
    for (let poll = 0; poll < count; poll++) gists.push(gistOf((await send(url)).body))
    return gists
  }

  function gistOf(body: string) {
    return /"state":"(\w+)","progress"/.exec(body)?.[1] ?? /"code":(\d+)/.exec(body)?.[1] ?? body
  }

  it('goes on with each poll', async () => {
    const course: Step[] = [
      { phase: 'Pending', lasts: 1 },
      { fixture: 'milvus-2.5-failed', lasts: 1 },
      { reply: text(503, 'busy'), lasts: 1 },
      { phase: 'Gone' },
    ]
    expect(await polls(4, { clock: 'polls', course })).toEqual(['Pending', 'Failed', 'busy', '2100'])
  })

  it('goes on with time', async () => {
    const course: Step[] = [{ phase: 'Pending', lasts: 1 }, { phase: 'Completed' }]
    const { url } = await start({ ...v25, jobs: [aJob({ course })] }, { speed: 1e6 })
    await send(url)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(parsed(await send(url)).data).toMatchObject({ state: 'Completed' })
  })

  it('is disturbed for a while, and goes on regardless', async () => {
    const course: Step[] = [{ phase: 'Pending', lasts: 2 }, { phase: 'Completed' }]
    const faults = [{ from: 1, until: 3, reply: text(502, 'bad') }]
    expect(await polls(4, { clock: 'polls', course, faults })).toEqual(['Pending', 'bad', 'bad', 'Completed'])
  })

  it('can be a function', async () => {
    const answer = (_: unknown, poll: number) => (poll === 1 ? text(500, 'once') : undefined)
    expect(await polls(3, { answer })).toEqual(['Completed', 'once', 'Completed'])
  })

  it('lets a gateway answer before the service checks anything', async () => {
    const { url, requests } = await start({
      ...v25,
      jobs: [aJob()],
      gateway: (_, nth) => (nth === 0 ? htmlPage(403, 'Log in') : undefined),
    })
    const statuses = [await send(url, { path: '/elsewhere' }), await send(url)].map(({ status }) => status)
    expect(statuses).toEqual([403, 200])
    expect(requests).toMatchObject([
      { path: '/elsewhere', jobId: undefined },
      { path: '/v2/vectordb/jobs/import/describe', jobId, poll: 0, headers: { host: url.slice('http://'.length) } },
    ])
  })

  it('says so when it cannot be played', async () => {
    const { url } = await start({ ...v25, jobs: [aJob({ course: [{ fixture: 'nothing' }] })] })
    expect(await send(url)).toMatchObject({ status: 500, body: expect.stringContaining('cannot be played') })
  })

  it('runs beside others below a path of its own', async () => {
    const service = await startSimulators({ '/a': { ...v25, jobs: [aJob()] }, '/b': { ...v25, jobs: [] } })
    const mounts = ['/a', '/b', '/c', '']
    const bodies = await Promise.all(mounts.map((mount) => send(service.url + mount))).finally(service.close)
    expect(bodies.map(({ body }) => body.slice(0, 12))).toEqual([
      '{"code":0,"d',
      '{"code":2100',
      'No service i',
      'No service i',
    ])
    expect(service.jobIds).toEqual([jobId])
  })
})
