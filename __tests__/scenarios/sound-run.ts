import { expect } from '@jest/globals'
import { OUTPUT_NAMES } from '../../src/report/outputs.ts'
import type { Run } from '../runner/runner.ts'

const PASSING = ['completed', 'started', 'uncommitted', 'timed-out', 'no-jobs']
const OUR_COMMANDS = ['add-mask', 'debug', 'error', 'warning', 'group', 'endgroup']

/** What holds of every run, however it ends; the conclusion comes back. */
export function expectSoundRun(run: Run): string {
  const { outputs, annotations } = run
  const { conclusion = '', reason } = outputs
  expect(Object.keys(outputs)).toEqual(OUTPUT_NAMES)
  expect(run.commandErrors).toEqual([])
  expect(run.commands.filter(({ name }) => !OUR_COMMANDS.includes(name))).toEqual([])
  expect(run.droppedAnnotations).toEqual([])
  expect(run.summary.dropped).toBe(false)
  expect(run.rawStderr).toBe('')
  expect(run.signal).toBeUndefined()
  expect([run.state, run.env, run.path]).toEqual([{}, {}, []])
  expect(run.jobOutputs.error).toBeUndefined()

  const verdicts = run.log.filter((line) => / {2}Gate (?:passed|failed): /.test(line))
  expect(verdicts.at(-1)).toContain(run.exitCode === 0 ? '  Gate passed: ' : '  Gate failed: ')

  const ours = annotations.filter(({ message }) => message !== 'The operation was canceled.')
  if (run.exitCode === 0) expect(PASSING).toContain(conclusion)
  else expect(run.exitCode).toBe(1)
  if (conclusion === 'completed' || conclusion === 'started') {
    expect([ours, reason, run.exitCode]).toEqual([[], '', 0])
  } else {
    expect(ours.map(({ type }) => type)).toEqual([run.exitCode === 0 ? 'warning' : 'error'])
    expect(reason).not.toBe('')
  }
  return conclusion
}
