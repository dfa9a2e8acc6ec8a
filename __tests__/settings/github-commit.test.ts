import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { commitOf } from '../../src/settings/github-commit.ts'

const RUN = 'a'.repeat(40)
const EVENT = 'b'.repeat(40)

const PULL_REQUEST = { pull_request: { head: { sha: EVENT }, merge_commit_sha: RUN } }

describe('the commit that a run is about', () => {
  it.each<[string, string, unknown, string]>([
    ['the commit of a branch', 'push', { after: EVENT, ref: 'refs/heads/main' }, RUN],
    ['the commit behind a tag', 'push', { after: EVENT, ref: 'refs/tags/v1' }, RUN],
    ['the head of a pull request, not its merge commit', 'pull_request', PULL_REQUEST, EVENT],
    ['the head of a pull request, not the branch it goes to', 'pull_request_target', PULL_REQUEST, EVENT],
    ['the head of a reviewed pull request', 'pull_request_review', PULL_REQUEST, EVENT],
    ['the head of a commented pull request', 'pull_request_review_comment', PULL_REQUEST, EVENT],
    ['the commit of the run before', 'workflow_run', { workflow_run: { head_sha: EVENT } }, EVENT],
    ['the commit of a check run', 'check_run', { check_run: { head_sha: EVENT } }, EVENT],
    ['the commit of a check suite', 'check_suite', { check_suite: { head_sha: EVENT } }, EVENT],
    ['the commit of a status', 'status', { sha: EVENT }, EVENT],
    ['the group of a merge queue', 'merge_group', { merge_group: { head_sha: RUN, base_sha: EVENT } }, RUN],
    ['the commit to be deployed', 'deployment', { deployment: { sha: EVENT } }, EVENT],
    ['the deployed commit', 'deployment_status', { deployment: { sha: EVENT }, deployment_status: {} }, EVENT],
    ['the commit of a release', 'release', { release: { target_commitish: 'main' } }, RUN],
    ['the head of the branch on a schedule', 'schedule', { schedule: '*/20 * * * *' }, RUN],
    ['the head of the chosen branch', 'workflow_dispatch', { inputs: {} }, RUN],
    ['the commit of a push whose event is lost', 'push', undefined, RUN],
  ])('is %s', (_, eventName, event, commit) => {
    expect(commitOf(eventName, event, RUN)).toBe(commit)
  })

  it.each(['pull_request', 'pull_request_target', 'workflow_run', 'deployment'])(
    'is never guessed where the event %s is lost or has another shape',
    (eventName) => {
      fc.assert(
        fc.property(fc.oneof(fc.constant(undefined), fc.jsonValue()), (event) => {
          expect(commitOf(eventName, event, RUN)).toBeUndefined()
        }),
      )
    },
  )

  it('is not the head of the default branch where somebody comments on a pull request', () => {
    expect(commitOf('issue_comment', { issue: { pull_request: { url: 'x' } } }, RUN)).toBeUndefined()
    expect(commitOf('issue_comment', { issue: { number: 1 } }, RUN)).toBe(RUN)
  })

  it.each(['constructor', '__proto__', 'toString'])('is that of the run for an event called %s', (eventName) => {
    expect(commitOf(eventName, {}, RUN)).toBe(RUN)
  })

  it.each(['', 'main', '../../user', `${RUN}/../x`, 'a'.repeat(39)])('is nothing that is no hash: %j', (sha) => {
    expect(commitOf('push', {}, sha)).toBeUndefined()
  })
})
