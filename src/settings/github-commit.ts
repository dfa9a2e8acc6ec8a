/**
 * The commit that a run is about, which is not always the one that it checks out; undefined where the event does not tell.
 * https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
 */
export function commitOf(eventName: string, event: unknown, sha: string): string | undefined {
  // A comment on a pull request runs the workflow of the default branch, and names no commit.
  if (eventName === 'issue_comment' && entry(entry(event, 'issue'), 'pull_request') !== undefined) return undefined
  const path = SHA_IN_EVENT.get(eventName)
  const named = path === undefined ? sha : path.reduce(entry, event)
  return typeof named === 'string' && /^[\da-f]{40}(?:[\da-f]{24})?$/i.test(named) ? named : undefined
}

const HEAD_OF_PULL_REQUEST = ['pull_request', 'head', 'sha'] as const

/** Where an event names its commit. Of these `GITHUB_SHA` is a merge commit or the head of the default branch. */
const SHA_IN_EVENT: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['pull_request', HEAD_OF_PULL_REQUEST],
  ['pull_request_target', HEAD_OF_PULL_REQUEST],
  ['pull_request_review', HEAD_OF_PULL_REQUEST],
  ['pull_request_review_comment', HEAD_OF_PULL_REQUEST],
  ['workflow_run', ['workflow_run', 'head_sha']],
  ['check_run', ['check_run', 'head_sha']],
  ['check_suite', ['check_suite', 'head_sha']],
  ['status', ['sha']],
  ['deployment', ['deployment', 'sha']],
  ['deployment_status', ['deployment', 'sha']],
])

function entry(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined
}
