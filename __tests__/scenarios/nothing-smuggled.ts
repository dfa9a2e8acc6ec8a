import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { DETAILS_TITLE } from '../../src/report/log.ts'
import { GITHUB_TOKEN } from '../runner/runner.ts'
import { API_KEY, type Gated } from '../support/gating.ts'
import { render } from '../support/github-markdown.ts'
import { KEY_FORMS, PASSWORD } from '../support/hostile-texts.ts'
import { expectSoundRun } from './sound-run.ts'

/** Everything that a run said or wrote, before the runner could mask any of it. */
function everythingOf(run: Gated): string {
  const files = join(run.runnerTemp, '_runner_file_commands')
  const written = readdirSync(files).map((name) => readFileSync(join(files, name), 'utf8'))
  const said = `${run.rawStdout}\n${run.rawStderr}`.split('\n').filter((line) => !line.startsWith('::add-mask::'))
  return [...written, ...said, JSON.stringify(run.report)].join('\n')
}

/** Colors stand around words of our own and states that we know, and nowhere else. */
const COLOURED_WORD =
  /\u001b\[3[123]m(Gate passed:|Gate failed:|Completed|Failed|Uncommitted|no usable response|the service is responding again|✔|✘)\u001b\[0m/g

/** Nothing came of what the service said but text, and the key went nowhere. */
export function expectNothingSmuggled(run: Gated, conclusion: string): void {
  expect(expectSoundRun(run)).toBe(conclusion)
  expect(run.commands.flatMap(({ name, data }) => (name === 'add-mask' ? [data] : []))).toEqual([
    API_KEY,
    GITHUB_TOKEN,
    PASSWORD,
  ])
  expect(run.commands.filter(({ name }) => name === 'error')).toHaveLength(1)
  expect(run.groups).toEqual(conclusion === 'invalid-input' ? [] : [DETAILS_TITLE])
  expect(run.commands.filter(({ name }) => name === 'endgroup')).toHaveLength(run.groups.length)
  const plain = run.rawStdout.replace(COLOURED_WORD, '$1')
  for (const stdout of [run.rawStdout, plain]) expect(stdout).not.toContain('##[')
  expect(plain).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]/)
  expect(render(run.summary.text).finds).toEqual([])

  const everything = everythingOf(run)
  expect(keysIn(everything)).toEqual([])
  expect(everything).not.toMatch(/hunter2|cafebabe/)
  expect(run.requests.filter(({ headers }) => headers.authorization !== `Bearer ${API_KEY}`)).toEqual([])
  expect(run.requests.flatMap(({ body, path }) => keysIn(`${path}${body}`))).toEqual([])
}

function keysIn(text: string): readonly string[] {
  return KEY_FORMS.filter((form) => text.includes(form))
}
