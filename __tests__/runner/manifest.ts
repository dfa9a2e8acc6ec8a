import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { fold } from './dotnet.ts'

/** What the runner reads of an action.yml of a node action. */
export interface Manifest {
  /** Path of the script that the action runs. */
  readonly main: string
  /** Path of the script that runs at the end of the job, whatever happened before; undefined where there is none. */
  readonly post: string | undefined
  /** Every declared input with its default, expressions unevaluated; without a default it is empty. */
  readonly defaults: ReadonlyMap<string, string>
}

/**
 * Loads an action.yml. Whether an input is required is nothing that the runner polls.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionManifestManager.cs#L521-L556
 */
export function loadManifest(path: string): Manifest {
  const document = documentOf(readFileSync(path, 'utf8'))
  const { main, post, 'post-if': condition = 'always()' } = document.runs
  if (condition !== 'always()') throw new Error(`The condition '${condition}' of post is not supported here.`)
  return {
    main: resolve(dirname(path), main),
    post: post === undefined ? undefined : resolve(dirname(path), post),
    defaults: new Map(
      Object.entries(document.inputs ?? {}).map(([name, input]) => [name, String(input?.default ?? '')]),
    ),
  }
}

interface Document {
  readonly inputs?: Readonly<Record<string, { readonly default?: string | number | boolean | null } | null>>
  readonly runs: { readonly main: string; readonly post?: string; readonly 'post-if'?: string }
}

/** By their text: most of hundreds of steps come from one, and to parse it takes as long as a tenth of a step. */
const documents = new Map<string, Document>()

function documentOf(text: string): Document {
  const document = documents.get(text) ?? (parse(text) as Document)
  documents.set(text, document)
  return document
}

/** The contexts that a default may name. */
export type Contexts = Readonly<Record<'github' | 'runner', Readonly<Record<string, string>>>>

/**
 * The inputs of a step: what the workflow gave, given or not declared, then the defaults of all others.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionRunner.cs#L206-L219
 */
export function stepInputs(
  given: Readonly<Record<string, string>>,
  defaults: ReadonlyMap<string, string>,
  contexts: Contexts,
): ReadonlyMap<string, string> {
  const inputs = new Map(Object.entries(given))
  const names = new Set(Object.keys(given).map(fold))
  for (const [name, value] of defaults) {
    if (!names.has(fold(name))) inputs.set(name, evaluate(name, value, contexts))
  }
  return inputs
}

/**
 * The warning for inputs that the action does not declare, if there are any; they reach the action all the same.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionRunner.cs#L221-L237
 */
export function unexpectedInputs(
  given: Readonly<Record<string, string>>,
  defaults: ReadonlyMap<string, string>,
): string | undefined {
  const valid = new Set([...defaults.keys()].map(fold))
  const unexpected = Object.keys(given).filter((name) => !valid.has(fold(name)))
  if (unexpected.length === 0) return undefined
  return `Unexpected input(s) '${unexpected.join("', '")}', valid inputs are ['${[...defaults.keys()].join("', '")}']`
}

/**
 * Of the expressions that a default may hold only the plain look-up of a context is understood here.
 * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ActionManifestManager.cs#L273-L302
 */
function evaluate(input: string, value: string, contexts: Contexts): string {
  return value.replace(/\$\{\{(.*?)\}\}/gs, (expression, body: string) => {
    const [, context, name] = /^\s*(github|runner)\.(\w+)\s*$/.exec(body) ?? []
    if ((context !== 'github' && context !== 'runner') || name === undefined) {
      throw new Error(
        `The default of input '${input}' holds the expression '${expression}', which is not supported here.`,
      )
    }
    return contexts[context][name] ?? ''
  })
}
