import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { faultsOfManifest, faultsOfWorkflow } from './support/github-syntax.ts'

interface Workflow {
  readonly permissions?: unknown
  readonly jobs: Readonly<Record<string, Job>>
}

interface Job {
  readonly uses?: string
  readonly permissions?: unknown
  readonly 'timeout-minutes'?: number
  readonly steps?: readonly { readonly uses?: string; readonly with?: Readonly<Record<string, unknown>> }[]
}

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const manifest = read('action.yml')
const workflows = readdirSync(new URL('.github/workflows/', root)).map((name) => `.github/workflows/${name}`)

/** Where a workflow gives away more than it needs, or runs what somebody else can change. */
function looseEnds(text: string): readonly string[] {
  const { permissions, jobs } = parse(text) as Workflow
  return [
    ...(JSON.stringify(permissions) === '{}' ? [] : ['there is no "permissions: {}" at the top']),
    ...unpinnedActions(text),
    ...Object.entries(jobs).flatMap(([name, job]) => looseEndsOfJob(job).map((looseEnd) => `job ${name} ${looseEnd}`)),
  ]
}

function looseEndsOfJob(job: Job): readonly string[] {
  const keepsToken = job.steps?.some(
    (step) => step.uses?.startsWith('actions/checkout@') && step.with?.['persist-credentials'] !== false,
  )
  return [
    ...(typeof job.permissions === 'object' ? [] : ['does not name its permissions']),
    ...(job.uses !== undefined || job['timeout-minutes'] !== undefined ? [] : ['has no timeout-minutes']),
    ...(keepsToken ? ['leaves the token in the checkout'] : []),
  ]
}

/** A tag can be moved, a commit cannot; the comment says which release it is. */
function unpinnedActions(text: string): readonly string[] {
  return [...text.matchAll(/\buses:\s*(.*)$/gm)]
    .map(([, reference = '']) => reference)
    .filter((reference) => !/^(\.\/\S*( #.*)?|[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d+(\.\d+)*)$/.test(reference))
    .map((reference) => `${reference} is not pinned to a commit with its version beside it`)
}

const inOrder = `on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions: { contents: read }
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with: { persist-credentials: false }
      - run: echo fine
      - uses: ./
        with: { job-id: '1' }
`

describe('action.yml', () => {
  it('has no fault that GitHub would find', async () => {
    expect(await faultsOfManifest(manifest)).toEqual([])
  })

  it.each([
    ['a runtime that does not exist', 'using: node24', 'using: node99', "Unexpected value 'node99'"],
    ['a key that does not exist', 'main:', 'mian:', "Unexpected value 'mian'"],
    ['a default that the runner cannot evaluate', 'default: 1h', 'default: ${{ inputs.timeout }}', 'inputs'],
  ])('would not get away with %s', async (_, right, wrong, message) => {
    expect(manifest).toContain(right)
    expect(await faultsOfManifest(manifest.replace(right, wrong))).toContainEqual(expect.stringContaining(message))
  })
})

describe.each(workflows)('%s', (path) => {
  it('has no fault that GitHub or actionlint would find', async () => {
    expect(await faultsOfWorkflow(read(path), manifest)).toEqual([])
  })

  it('pins what it uses and keeps its permissions small', () => {
    expect(looseEnds(read(path))).toEqual([])
  })

  it('runs only scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
    const used = [...read(path).matchAll(/\bnpm run (?:--silent )?([\w:]+)/g)].map(([, name]) => name)
    expect(used.filter((name) => name === undefined || !(name in scripts))).toEqual([])
  })
})

describe('a workflow', () => {
  it('passes where everything is in order', async () => {
    expect([...(await faultsOfWorkflow(inOrder, manifest)), ...looseEnds(inOrder)]).toEqual([])
  })

  it.each([
    ['no YAML', 'on: push', 'on: [push', 'language service'],
    ['a key that does not exist', 'steps:', 'step:', "Unexpected value 'step'"],
    ['a context that does not exist', 'echo fine', 'echo ${{ nowhere.x }}', 'Unrecognized named-value'],
    ['an input that the action does not have', 'job-id:', 'jobid:', "Invalid action input 'jobid'"],
    ['a machine that does not exist', 'ubuntu-latest', 'ubuntu-lates', 'actionlint, runner-label'],
    ['text of others in a script', 'fine', '${{ github.event.issue.title }}', 'actionlint, expression'],
  ])('would not get away with %s', async (_, right, wrong, message) => {
    const faults = await faultsOfWorkflow(inOrder.replace(right, wrong), manifest)
    expect(faults).toContainEqual(expect.stringContaining(message))
  })

  it('would not get away with a required input left out', async () => {
    const demanding = manifest.replace(/(?<=^ {2}api-key:\n[^]*?)default: ''/m, 'required: true')
    expect(await faultsOfWorkflow(inOrder, demanding)).toContainEqual(
      expect.stringContaining('Missing required input `api-key`'),
    )
  })

  it.each([
    ['permissions at the top', 'permissions: {}\n', '', 'there is no "permissions: {}" at the top'],
    ['permissions for all', 'permissions: {}', 'permissions: read-all', 'there is no "permissions: {}" at the top'],
    ['a job without permissions', '    permissions: { contents: read }\n', '', 'job a does not name its permissions'],
    ['a job without an end', '    timeout-minutes: 5\n', '', 'job a has no timeout-minutes'],
    ['a token left behind', 'persist-credentials: false', '', 'job a leaves the token in the checkout'],
    ['a tag', /@\w{40} #/, '@v7 #', 'actions/checkout@v7 # v7.0.1 is not pinned'],
    ['half a commit', /@\w{40} #/, '@3d3c42e #', 'actions/checkout@3d3c42e # v7.0.1 is not pinned'],
    ['a commit without its version', ' # v7.0.1', '', 'is not pinned'],
  ])('would not get away with %s', (_, right, wrong, looseEnd) => {
    expect(looseEnds(inOrder.replace(right, wrong))).toContainEqual(expect.stringContaining(looseEnd))
  })
})
