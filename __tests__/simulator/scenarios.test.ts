import { afterEach, describe, expect, it } from '@jest/globals'
import { aJob, closeAll, jobId, parsed, send, start } from './asking.ts'
import { fixtureNames, fixtureReply, loadFixture } from './fixtures.ts'
import { project } from './projection.ts'
import { loadScenario, scenarioNames } from './scenarios.ts'
import { lineAt } from './script.ts'

afterEach(closeAll)

describe('the stored replies', () => {
  it.each(fixtureNames())('%s says where it comes from and can be played', (name) => {
    const { source, note, service, operation, httpStatus, result } = loadFixture(name)
    expect(Object.values({ source, note, operation }).every((value) => value.length > 3)).toBe(true)
    expect(['milvus', 'zilliz']).toContain(service)
    expect(httpStatus).toBeGreaterThanOrEqual(200)
    expect(['answered', 'outage', 'refused', 'unknown-job', undefined]).toContain(result)
    expect(fixtureReply(name, jobId).kind).toMatch(/^(json|raw)$/)
  })

  it('take the id of the job that they are played for', () => {
    expect(fixtureReply('issue-31237-before-2.4.0', jobId)).toMatchObject({ body: { data: { jobID: jobId } } })
  })

  it.each([
    ['2.4.0', 'milvus-2.4.0-completed'],
    ['2.5', 'milvus-2.5-completed'],
    ['3.0', 'milvus-3.0-completed'],
  ] as const)('of a finished job have the keys that a %s of ours sends', (version, name) => {
    const job = aJob({ course: [{ phase: 'Importing', lasts: 1 }, { phase: 'Completed' }] })
    const line = lineAt(job, 1)
    if (line.kind !== 'standing') throw new Error('no state')
    const ours = project(job, line.standing, { dialect: 'milvus', version }, () => new Date())
    const { data } = loadFixture(name).reply as { data: { details: object[] } }
    expect(Object.keys(ours).sort()).toEqual(Object.keys(data).sort())
    expect(Object.keys((ours['details'] as object[])[0]!).sort()).toEqual(Object.keys(data.details[0]!).sort())
  })
})

describe('the scenarios', () => {
  // Where an import can stay.
  const phases: readonly string[] = ['Completed', 'Failed', 'Uncommitted', 'IndexBuilding', 'Gone']

  it.each(scenarioNames())('%s is whole', async (name) => {
    const { title, service, inputs, expected } = loadScenario(name)
    expect(title).toMatch(/^[A-Z].*[^.]$/)
    expect(inputs['job-id'] ?? inputs['import']).toMatch(/./)
    expect(expected.outputs['conclusion']).toMatch(/^[a-z-]+$/)
    const ends = [...service.jobs, ...(service.imports ?? [])].map(({ course }) => course!.at(-1)!)
    expect(ends.every((end) => 'phase' in end && phases.includes(end.phase))).toBe(true)

    const { url } = await start(service)
    const path = `/v2/vectordb/jobs/import/${service.version === '2024' ? 'getProgress' : 'get_progress'}`
    const headers = { authorization: `Bearer ${service.apiKey ?? ''}`, 'db-name': 'default' }
    const answers = service.jobs.map(
      async (job) =>
        parsed(await send(url, { path, headers, body: { jobId: job.jobId, clusterId: inputs['cluster-id'] } })).code,
    )
    expect(await Promise.all(answers)).toEqual(service.jobs.map(() => 0))
  })
})
