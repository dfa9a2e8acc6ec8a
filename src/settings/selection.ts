import { parseJobIds } from './job-ids.ts'
import { all, mistaken, optional, parsed, quoted } from './parsed.ts'
import { parseSince } from './since.ts'
import { parseName } from './target.ts'
import type { Selection, Since } from '../gate/policy.ts'
import type { Inputs } from './inputs.ts'
import type { Parsed } from './parsed.ts'

/** The jobs that are named, or the collection whose jobs are to be found. */
export function parseSelection(inputs: Inputs): Parsed<Selection> {
  return inputs['job-id'] === '' && inputs['collection-name'] !== '' ? parseDiscovered(inputs) : parseGiven(inputs)
}

function parseDiscovered(inputs: Inputs): Parsed<Selection> {
  return all<Extract<Selection, { kind: 'discovered' }>>({
    kind: parsed('discovered'),
    collectionName: parseCollectionName(inputs['collection-name']),
    since: optional(inputs.since, parseSince),
  })
}

function parseGiven(inputs: Inputs): Parsed<Selection> {
  const given = all({ jobIds: parseJobIds(inputs['job-id']), since: optional(inputs.since, withoutDiscovery(inputs)) })
  return given.kind === 'mistakes' ? given : parsed({ kind: 'given', jobIds: given.value.jobIds })
}

function withoutDiscovery(inputs: Inputs): (since: string) => Parsed<Since> {
  if (inputs['job-id'] === '') return parseSince
  return (since) =>
    mistaken({
      input: 'since',
      got: `${quoted(since)} together with \`job-id\``,
      takes: 'a value only without `job-id`, when the gate finds the jobs of `collection-name` itself',
      example: '2h',
    })
}

/** The collection, as one name. */
export function parseCollectionName(text: string): Parsed<string> {
  return parseName('collection-name', text, 'articles')
}
