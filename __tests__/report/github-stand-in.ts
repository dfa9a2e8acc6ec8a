import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import type { operations, paths } from '@octokit/openapi-types'
import { json, play, type Reply } from '../simulator/faults.ts'

type Fields = operations['repos/create-commit-status']['requestBody']['content']['application/json']

/** A status as GitHub keeps it. */
export interface KeptStatus extends Fields {
  readonly sha: string
}

/** What GitHub demands of each field of a commit status; the type holds the table whole. */
const demands: { readonly [Field in keyof Required<Fields>]: (value: unknown) => boolean } = {
  state: (value) => ['error', 'failure', 'pending', 'success'].includes(String(value)),
  target_url: (value) => typeof value === 'string' && /^https?:/.test(value) && URL.canParse(value),
  // https://docs.github.com/rest/commits/statuses: a longer one is answered with 422
  description: (value) => typeof value === 'string' && value !== '' && Array.from(value).length <= 140,
  context: (value) => typeof value === 'string' && value !== '' && value.length <= 255,
}

/** Below the address of a GitHub Enterprise Server, as GitHub's own description of its API writes it. */
const PATH: keyof paths = '/repos/{owner}/{repo}/statuses/{sha}'
type Parameters = paths[typeof PATH]['post']['parameters']['path']
const parameters: { readonly [Name in keyof Parameters]: string } = {
  owner: 'octocat',
  repo: 'hello-world',
  sha: '(?<sha>[\\da-f]{40})',
}
const ADDRESS = new RegExp(
  `^/api/v3${PATH.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name as keyof Parameters])}$`,
)

/** The first attempt of a run: `/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}`. */
const ATTEMPT_ADDRESS = /^\/api\/v3\/repos\/octocat\/hello-world\/actions\/runs\/\d+\/attempts\/1$/

/** https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#headers */
const headersThatHold: Readonly<Record<string, (value: string) => boolean>> = {
  // A request without one is refused.
  'user-agent': (value) => value.startsWith('milvus-import-gate/'),
  accept: (value) => value.includes('application/vnd.github.v3+json') || value.includes('application/vnd.github+json'),
  'content-type': (value) => value.startsWith('application/json'),
  authorization: (value) => /^Bearer \S+$/.test(value),
  // https://docs.github.com/rest/about-the-rest-api/api-versions: without one GitHub may change what it answers.
  'x-github-api-version': (value) => value === '2022-11-28',
}

/** A part of GitHub's REST API: the statuses of commits, and the attempts of runs. */
export interface GitHubStandIn {
  /** The address of the API, as `GITHUB_API_URL` has it. */
  readonly url: string
  /** All statuses that were set, in order. */
  readonly statuses: readonly KeptStatus[]
  /** Every request, good or bad, as `METHOD path`. */
  readonly requests: readonly string[]
  readonly authorizations: readonly (string | undefined)[]
  /** What was wrong with requests. */
  readonly faults: readonly string[]
  readonly close: () => void
}

/** Starts a GitHub of its own; where `inFront` answers a request, the API is not asked. */
export async function startGitHub(
  inFront: (nth: number, state: Fields['state']) => Reply | undefined = () => undefined,
  answerAttempt: () => Reply = () => json({ message: 'Not Found', status: '404' }, 404),
): Promise<GitHubStandIn> {
  const statuses: KeptStatus[] = []
  const requests: string[] = []
  const authorizations: (string | undefined)[] = []
  const faults: string[] = []

  const answer = ({ method = '', headers }: IncomingMessage, path: string, body: string): Reply => {
    const sha = ADDRESS.exec(path)?.groups?.['sha']
    const missing = Object.entries(headersThatHold)
      .filter(([name]) => method !== 'GET' || name !== 'content-type')
      .filter(([name, holds]) => !holds(String(headers[name])))
    faults.push(...missing.map(([name]) => name))
    if (method === 'GET' && ATTEMPT_ADDRESS.test(path)) return answerAttempt()
    if (method !== 'POST' || sha === undefined) {
      faults.push(`${method} ${path}`)
      return json({ message: 'Not Found', status: '404' }, 404)
    }
    const fields = JSON.parse(body) as Fields
    const wrong = [
      ...Object.keys(fields).filter((name) => !(name in demands)),
      ...Object.entries(demands).flatMap(([name, holds]) => (holds(fields[name as keyof Fields]) ? [] : [name])),
    ]
    if (wrong.length > 0) {
      faults.push(...wrong)
      return json({ message: 'Validation Failed', errors: wrong, status: '422' }, 422)
    }
    const reply = inFront(requests.length - 1, fields.state)
    if (reply !== undefined) return reply
    statuses.push({ sha, ...fields })
    return json({ id: statuses.length, ...fields }, 201)
  }

  const server = createServer((request, response) => {
    void readText(request).then((body) => {
      const { method = '', url = '', headers } = request
      // A proxy is asked for the whole address.
      const path = url.replace(/^http:\/\/[^/]+/, '')
      requests.push(`${method} ${url}`)
      authorizations.push(headers.authorization)
      return play(answer(request, path, body), response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`,
    statuses,
    requests,
    authorizations,
    faults,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
