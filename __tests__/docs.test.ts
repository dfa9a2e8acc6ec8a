import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from '@jest/globals'
import ts from 'typescript'
import { parse } from 'yaml'
import { removeRunnerFolders, runAction } from './runner/runner.ts'
import type { CollectionScript } from './simulator/collection-script.ts'
import type { ServiceRules } from './simulator/dialects.ts'
import { startSimulators, type Wiring } from './simulator/server.ts'
import { makeCertificates } from './support/certificates.ts'
import { inputDefaults } from '../src/settings/inputs.ts'
import { anImport, COMPLETED } from './support/gating.ts'
import { faultsOfWorkflow } from './support/github-syntax.ts'
import { STILTED } from './support/stilted.ts'

const root = new URL('../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const pages = ['README.md', ...readdirSync(new URL('docs/', root)).map((name) => `docs/${name}`)]
const manifest = read('action.yml')

afterAll(removeRunnerFolders)

interface Step {
  readonly uses?: string
  readonly with?: Readonly<Record<string, string | number | boolean>>
}

interface Example {
  /** The page, the heading above it, and which one it is there. */
  readonly title: string
  readonly yaml: string
}

function examplesIn(page: string): readonly Example[] {
  return read(page)
    .split(/^(?=#{2,} )/m)
    .flatMap((section) => {
      const heading = /^#+ (.*)/.exec(section)?.[1] ?? ''
      return [...section.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = ''], index) => ({
        title: `${page}, ${heading}, ${index + 1}`,
        yaml,
      }))
    })
}

/** An example of steps becomes the end of a job that has what the text around it speaks of. */
function workflowOf({ yaml }: Example): string {
  if (!yaml.startsWith('# steps of a job\n')) return yaml
  return `on: workflow_dispatch
permissions: {}
jobs:
  import:
    runs-on: ubuntu-latest
    outputs:
      job-id: \${{ steps.start.outputs.job-id }}
    steps:
      - id: start
        run: echo 'job-id=1' >>"$GITHUB_OUTPUT"
  gate:
    needs: import
    runs-on: ubuntu-latest
    steps:
      - id: gate
        uses: ./
        with: { job-id: '1' }
${yaml.replace(/^(?=.)/gm, '      ')}`
}

function gatesIn({ yaml }: Example): readonly Step[] {
  const parsed = parse(yaml) as readonly Step[] | { readonly jobs: Readonly<Record<string, { steps: Step[] }>> }
  const steps = 'jobs' in parsed ? Object.values(parsed.jobs).flatMap((job) => job.steps) : parsed
  return steps.filter(({ uses = '' }) => uses.startsWith('OWNER/milvus-import-gate@'))
}

const examples = pages.flatMap(examplesIn)
const gates = examples.flatMap((example) => gatesIn(example).map((gate) => [example.title, gate.with ?? {}] as const))
const jobs = ['part-0', 'part-1', 'part-2'].map((name, index) =>
  anImport(COMPLETED, {
    jobId: `47059273016934400${index}`,
    files: [{ path: `${name}.parquet`, rows: 400_000, sizeBytes: 4_000_000 }],
  }),
)
/** Whoever polls for jobs finds them before they are through. */
const underWay = (job: (typeof jobs)[number]) => ({
  ...job,
  course: [{ phase: 'Importing', lasts: 1 }, { phase: 'Completed' }] as const,
})
const PRODUCTS: CollectionScript = {
  name: 'products',
  course: [{ indexes: [{ name: 'vector', totalRows: 1_200_000 }], load: 'Loaded', rows: 1_200_000 }],
}
const CLUSTER_ID = 'in01-0a1b2c3d4e5f6a7'
const certificates = makeCertificates()

describe('an example in the docs', () => {
  it('is found wherever there is one', () => {
    expect(examples).toHaveLength(pages.map((page) => read(page).split('```yaml').length - 1).reduce((a, b) => a + b))
    expect(gates.length).toBeGreaterThan(12)
  })

  it.each(examples.map((example) => [example.title, example] as const))(
    'has no fault that GitHub would find: %s',
    async (_, example) => {
      expect(await faultsOfWorkflow(workflowOf(example), manifest)).toEqual([])
    },
  )

  it('would not get away with an input that does not exist', async () => {
    const wrong = { title: '', yaml: '# steps of a job\n- uses: OWNER/milvus-import-gate@v1\n  with: { job: 1 }\n' }
    expect(await faultsOfWorkflow(workflowOf(wrong), manifest)).toContainEqual(
      expect.stringContaining("Invalid action input 'job'"),
    )
  })

  it.concurrent.each(gates)(
    'opens the gate once all is imported: %s',
    async (_, given) => {
      const isZilliz = 'cluster-id' in given
      const { ca, server, client } = await certificates
      const values: Readonly<Record<string, string>> = {
        'needs.import.outputs.job-id': jobs.map(({ jobId }) => jobId).join(),
        'steps.start.outputs.job-id': jobs.map(({ jobId }) => jobId).join(),
        'needs.stage.outputs.job-id': jobs.map(({ jobId }) => jobId).join(),
        'steps.products.outputs.jobId': jobs[0]!.jobId,
        'steps.reviews.outputs.jobId': jobs[1]!.jobId,
        'inputs.job-id': jobs[0]!.jobId,
        'matrix.part': 'part-2',
        'vars.IMPORT_JOB_ID': jobs[0]!.jobId,
        'secrets.ZILLIZ_API_KEY': 'a key of Zilliz Cloud',
        'secrets.MILVUS_USER_AND_PASSWORD': 'root:Milvus',
        'vars.ZILLIZ_CLUSTER_ID': CLUSTER_ID,
        'vars.MILVUS_ENDPOINT': 'http://localhost',
        'vars.MILVUS_CA': ca.cert,
        'vars.MILVUS_CLIENT_CERT': client.cert,
        'secrets.MILVUS_CLIENT_KEY': client.key,
        'vars.ACCESS_CLIENT_ID': 'an id',
        'secrets.ACCESS_CLIENT_SECRET': 'a secret of the proxy',
      }
      const inputs = Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name, evaluated(String(value), values)]),
      )
      const rules: ServiceRules = isZilliz
        ? { dialect: 'zilliz', version: '2026', apiKey: values['secrets.ZILLIZ_API_KEY']!, clusterId: CLUSTER_ID }
        : { dialect: 'milvus', version: '2.6', apiKey: values['secrets.MILVUS_USER_AND_PASSWORD']! }
      const wanted = new URL(inputs['endpoint'] ?? 'http://localhost')
      const mount = wanted.pathname.replace(/\/$/, '')
      const tls = { ...server, ca: ca.cert, requestClientCert: true }
      const wiring: Wiring = wanted.protocol === 'https:' ? { tls } : {}
      const isStart = 'import' in given
      const script = {
        ...rules,
        jobs: given['job-id'] === 'discover' ? jobs.map(underWay) : isStart ? [] : jobs,
        imports: [{ course: COMPLETED, files: [{ path: '', rows: 1_200_000, sizeBytes: 4_000_000 }] }],
        collectionScripts: [PRODUCTS],
        collections: ['reviews'],
      }
      const service = await startSimulators({ [mount]: script }, wiring)
      try {
        const run = await runAction({
          inputs: {
            ...inputs,
            endpoint: `${service.url}${mount}`,
            ...('tls-server-name' in inputs && { 'tls-server-name': 'localhost' }),
          },
          env: { NO_PROXY: '127.0.0.1' },
        })
        expect(run.outputs).toMatchObject({
          conclusion: inputs['wait-for'] === 'started' ? 'started' : 'completed',
          state: 'Completed',
          started: isStart ? 'true' : '',
        })
        expect(run.outcome).toBe('success')
      } finally {
        await service.close()
      }
    },
    60_000,
  )
})

/** What the runner makes of a text with expressions; one that the table does not know is a mistake in it. */
function evaluated(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{ (\S+) \}\}/g, (expression, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`No value for ${expression}.`)
    return value
  })
}

/** What a module can say: its sentences, and the words that it puts into them. */
function textsOf(path: string): readonly string[] {
  const texts: string[] = []
  const visit = (node: ts.Node, isInText: boolean) => {
    const isPart = ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
    if (isPart || (ts.isStringLiteralLike(node) && (isInText || node.text.includes(' ')))) texts.push(node.text)
    const isChoice = ts.isTemplateExpression(node) || ts.isConditionalExpression(node)
    const isTest = ts.isBinaryExpression(node)
    ts.forEachChild(node, (child) => {
      visit(child, (isInText || isChoice) && !isTest)
    })
  }
  visit(ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest), false)
  return texts
}

function modulesIn(folder: string): readonly string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.test)\.ts$/.test(name))
    .map((name) => `${folder}${name}`)
}

/** The messages that the tables of Troubleshooting quote, by the heading above the table. */
function quotesIn(markdown: string): readonly (readonly [topic: string, quote: string])[] {
  return markdown.split(/^(?=## )/m).flatMap((section) => {
    const topic = /^## Messages (.*)$/m.exec(section)?.[1]
    if (topic === undefined) return []
    const cells = [...section.matchAll(/^\| (``? ?.+?`?`) \|/gm)].map(([, cell = '']) => cell)
    return cells.map((cell) => [topic, cell.replace(/^`+ ?| ?`+$/g, '')] as const)
  })
}

/** Names in capitals, single letters for names, numbers with their unit, quotations, states, and what was left out. */
const VARIABLE =
  /“[^”]*”|'[^']*'|…|\b[A-Z]{2,}\b|\b[AB]\b|\bImporting\b|\d[\d.,]*(?: ?%| (?:s|min|h|rows|files|inputs)\b)?/

/** The words of a quote that stand in none of the texts; what varies may also lie between two texts. */
function wordsNotSaid(quote: string, texts: readonly string[]): readonly string[] {
  const isSaid = (words: readonly string[]) => {
    const phrase = words.join(' ')
    return texts.some((text) => (words.length >= 3 || words.length === 0 ? text.includes(phrase) : has(text, phrase)))
  }
  return quote.split(VARIABLE).flatMap((part) => {
    let rest = part.split(/[\s(),.:;`]+/).filter((word) => word !== '')
    const missing: string[] = []
    while (rest.length > 0) {
      const length = rest.findLastIndex((_, end) => isSaid(rest.slice(0, end + 1))) + 1
      if (length === 0) missing.push(rest[0]!)
      rest = rest.slice(Math.max(1, length))
    }
    return missing
  })
}

/** Short phrases count only as whole words. */
function has(text: string, phrase: string): boolean {
  return ` ${text} `.includes(` ${phrase} `)
}

describe('a message that Troubleshooting explains', () => {
  const plain = (texts: readonly string[]) => texts.map((text) => text.replace(/[\s(),.:;`]+/g, ' '))
  const ours = plain([
    ...['src/service/', 'src/messages/', 'src/report/', 'src/settings/'].flatMap(modulesIn).flatMap(textsOf),
    // A mistake begins with the name of its input.
    ...Object.keys(inputDefaults),
  ])
  const runners = plain(modulesIn('__tests__/runner/').flatMap(textsOf))
  const quotes = quotesIn(read('docs/troubleshooting.md'))

  it.each(quotes)('is one that can come up, under %s: %s', (topic, quote) => {
    expect(wordsNotSaid(quote, topic === 'of GitHub' ? [...ours, ...runners] : ours)).toEqual([])
  })

  it('is found in every row', () => {
    expect(quotes.length).toBeGreaterThan(30)
  })

  it.each([
    ['HOST did not reply within 30 s.', ['reply']],
    ['The connection to HOST was severed (CODE).', ['severed']],
    ['Import job ID is concluded with 0 rows', ['concluded']],
  ])('would not get away with words that nobody says: %s', (quote, words) => {
    expect(wordsNotSaid(quote, ours)).toEqual(words)
  })
})

describe('a file that a page names', () => {
  const named = [...pages, '.github/CONTRIBUTING.md'].flatMap((page) =>
    [...read(page).matchAll(/`((?:src|docs|__tests__|\.ci|\.github)\/[\w./-]*)`/g)].map(
      ([, path = '']) => [page, path] as const,
    ),
  )

  it.each(named)('exists: %s, %s', (_, path) => {
    expect(existsSync(new URL(path, root))).toBe(true)
  })

  it('is noticed', () => {
    expect(named.length).toBeGreaterThan(20)
  })
})

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

function anchorsIn(page: string): readonly string[] {
  const text = read(page).replace(/^```.*?^```$/gms, '')
  return [
    ...[...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)),
    ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
  ]
}

/** Links and pictures that lead to a file of this repository. */
function linksIn(page: string): readonly (readonly [page: string, target: string])[] {
  const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(
    ([, link, source]) => link ?? source ?? '',
  )
  return targets.filter((target) => !/^https:|^(?:\.\.\/)+issues$/.test(target)).map((target) => [page, target])
}

describe('a link in the docs', () => {
  const links = [...pages, '.github/CONTRIBUTING.md', '.github/SECURITY.md', 'CHANGELOG.md'].flatMap(linksIn)

  it.each(links)('leads somewhere: %s, %s', (page, target) => {
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : new URL(path, new URL(page, root)).href.slice(root.href.length)
    expect(existsSync(new URL(file, root))).toBe(true)
    if (anchor !== undefined) expect(anchorsIn(file)).toContain(anchor)
  })

  it('leads from the README to every page', () => {
    expect(pages.slice(1).filter((page) => !links.some(([from, to]) => from === 'README.md' && to === page))).toEqual(
      [],
    )
  })
})

describe('the voice of the docs', () => {
  const proseOf = (page: string) =>
    read(page)
      .replace(/^```.*?^```$/gms, '')
      .replace(/`[^`\n]+`/g, '')
  const texts = [...pages, 'action.yml', '.github/CONTRIBUTING.md', '.github/SECURITY.md', 'CHANGELOG.md']

  it.each(texts)('has no stilted phrase: %s', (page) => {
    const prose = proseOf(page)
    expect(STILTED.flatMap((phrase) => new RegExp(phrase, 'i').exec(prose)?.[0] ?? [])).toEqual([])
  })

  it('is plain enough to be noticed when it is not', () => {
    expect(STILTED.filter((phrase) => phrase.test('Nobody is told, and the job rests at 80 %.')).length).toBe(3)
  })

  it('keeps the README to 320 lines', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(321)
  })
})
