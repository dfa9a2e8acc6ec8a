import { isHeaderText } from './endpoint.ts'
import { all, mistaken, optional, parsed, quoted } from './parsed.ts'
import type { InputName, Inputs } from './inputs.ts'
import type { Parsed } from './parsed.ts'

/** Names and ids that say which service, database and collection the jobs belong to. */
export function parseTarget(inputs: Inputs) {
  return all({
    clusterId: withoutProject(inputs, parseOptionalName('cluster-id', inputs['cluster-id'], 'in01-a1b2c3d4e5f6a7b')),
    projectId: together(inputs, 'project-id', 'region-id', 'proj-a1b2c3d4e5f6a7b8c9d0e1'),
    regionId: together(inputs, 'region-id', 'project-id', 'gcp-us-west1'),
    dbName: parseDbName(inputs['db-name']),
  })
}

/** A name on a single line, `undefined` where it is empty. */
export function parseOptionalName(input: InputName, text: string, example: string): Parsed<string | undefined> {
  return optional(text, (name) => parseName(input, name, example))
}

/** A name on a single line. */
export function parseName(input: InputName, name: string, example: string): Parsed<string> {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)
    ? mistaken({ input, got: quoted(name), takes: 'one name, without line breaks or control characters', example })
    : parsed(name)
}

function parseDbName(text: string): Parsed<string | undefined> {
  const name = parseOptionalName('db-name', text, 'default')
  if (name.kind === 'mistakes' || isHeaderText(text)) return name
  return mistaken({
    input: 'db-name',
    got: quoted(text),
    takes: 'a database name of letters, digits and underscores, since it is sent as a header',
    example: 'default',
  })
}

function withoutProject(inputs: Inputs, clusterId: Parsed<string | undefined>): Parsed<string | undefined> {
  const rivals = (['project-id', 'region-id'] as const).filter((name) => inputs[name] !== '')
  if (clusterId.kind === 'mistakes' || clusterId.value === undefined || rivals.length === 0) return clusterId
  return mistaken({
    input: 'cluster-id',
    got: `${quoted(clusterId.value)} together with ${rivals.map((name) => `\`${name}\``).join(' and ')}`,
    takes: 'the instance id alone; remove either it, or `project-id` and `region-id`',
    example: 'in01-a1b2c3d4e5f6a7b',
  })
}

function together(inputs: Inputs, input: InputName, partner: InputName, example: string): Parsed<string | undefined> {
  if (inputs[input] !== '' || inputs[partner] === '') return parseOptionalName(input, inputs[input], example)
  return mistaken({
    input,
    got: 'nothing',
    takes: `a value, since ${partner} has one; give both or neither`,
    example,
  })
}
