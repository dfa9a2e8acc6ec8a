import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { keepFile } from '../../src/report/files.ts'
import type { WatchEvent } from '../../src/gate/events.ts'
import { aFile, aHistory, aJob, aView } from '../support/builders.ts'
import { FakeClock } from '../support/fake-clock.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kept-file-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const view = (nowMs: number) => aView([aHistory({ polls: [[0, aJob()]] })], nowMs)
const started = (nowMs = 0): WatchEvent => ({ kind: 'started', view: view(nowMs) })
const heartbeat = (nowMs = 0): WatchEvent => ({ kind: 'heartbeat', view: view(nowMs) })
const ended = (nowMs = 0): WatchEvent => ({
  kind: 'ended',
  view: view(nowMs),
  conclusion: { kind: 'completed', passes: true },
})
const polled = (options: { changes?: boolean; more?: boolean } = {}, nowMs = 0): WatchEvent => ({
  kind: 'polled',
  view: view(nowMs),
  job: 0,
  result: { kind: 'answered', snapshot: aJob() },
  tookMs: 5,
  changes: options.changes === true ? [{ kind: 'file-failed', file: aFile() }] : [],
  more: options.more ?? false,
})
const changed = (nowMs: number) => polled({ changes: true }, nowMs)

/** A file that reports the time of the event it was written for, in so many bytes. */
function aKeptFile(sizeBytes = 10, path = join(mkdtempSync(join(folder, 'it-')), 'file')) {
  const clock = new FakeClock()
  let writings = 0
  const tell = keepFile({
    path,
    clock,
    textOf: (event) => {
      writings += 1
      return `${event.kind} ${event.view.nowMs}`.padEnd(sizeBytes)
    },
  })
  return {
    tell: (...events: readonly WatchEvent[]) => {
      for (const event of events) void tell(event)
    },
    pass: (ms: number) => clock.until(clock.sleep(ms)),
    clock,
    writings: () => writings,
    says: () => readFileSync(path, 'utf8').trim(),
  }
}

describe('a file that is kept up to date', () => {
  const writingsOf = (...events: readonly WatchEvent[]) => {
    const file = aKeptFile()
    file.tell(...events)
    return file.writings()
  }

  it('is written at the beginning, at every change and at the end, and not at a poll that brought nothing new', () => {
    expect(writingsOf(started(), polled(), polled({ changes: true }), polled(), ended())).toBe(3)
    expect(writingsOf(polled(), heartbeat(), polled())).toBe(0)
  })

  it('is written once for all polls that arrived together, wherever among them the changes is', () => {
    expect(writingsOf(polled({ changes: true, more: true }), polled({ more: true }), polled())).toBe(1)
    expect(writingsOf(polled({ more: true }), polled({ changes: true }))).toBe(1)
    expect(writingsOf(polled({ more: true }), polled())).toBe(0)
  })

  it('is written at the end, whatever was to follow', () => {
    expect(writingsOf(polled({ changes: true, more: true }), ended())).toBe(1)
  })

  it('is written at every change while it is short, however close they come', () => {
    expect(writingsOf(started(), changed(0), changed(0), changed(0))).toBe(4)
  })
})

const LONG_BYTES = 200_000

describe('a long file', () => {
  it('rests between two writings, and then reports the last of all changes without another event', async () => {
    const file = aKeptFile(LONG_BYTES)
    file.tell(started(), changed(1), changed(2), polled({}, 3))
    expect([file.writings(), file.says()]).toEqual([1, 'started 0'])
    await file.pass(1_000)
    expect([file.writings(), file.says()]).toEqual([2, 'polled 3'])
  })

  it('rests again after that', async () => {
    const file = aKeptFile(LONG_BYTES)
    file.tell(started(), changed(1))
    await file.pass(600)
    file.tell(changed(601), changed(602))
    expect(file.says()).toBe('polled 1')
    await file.pass(600)
    expect([file.writings(), file.says()]).toEqual([3, 'polled 602'])
  })

  it('is written at once when it has rested, and not again without a change', async () => {
    const file = aKeptFile(LONG_BYTES)
    file.tell(started())
    await file.pass(1_000)
    file.tell(changed(1_000))
    expect([file.writings(), file.says()]).toEqual([2, 'polled 1000'])
    await file.pass(10_000)
    expect(file.writings()).toBe(2)
  })

  it('keeps no change to itself for longer than two seconds, however long it is', async () => {
    const file = aKeptFile(10 * 1024 * 1024)
    file.tell(started(), changed(1))
    await file.pass(2_000)
    expect(file.says()).toBe('polled 1')
  })

  it('reports the end at once, and nothing that is older later on', async () => {
    const file = aKeptFile(LONG_BYTES)
    file.tell(started(), changed(1), ended(2))
    expect(file.says()).toBe('ended 2')
    await file.pass(10_000)
    expect([file.writings(), file.says()]).toEqual([2, 'ended 2'])
  })

  it('leaves no alarm behind that would keep the process waiting', async () => {
    const file = aKeptFile(LONG_BYTES)
    file.tell(started(), changed(1), ended(2))
    const forEver = new Promise(() => undefined)
    await expect(file.clock.until(forEver)).rejects.toThrow('everybody sleeps for ever')
  })

  it('is tried again at the next event where it could not be written, whose teller hears of it', async () => {
    const place = join(mkdtempSync(join(folder, 'gone-')), 'place')
    mkdirSync(place)
    const file = aKeptFile(LONG_BYTES, join(place, 'file'))
    file.tell(started(), changed(1))
    rmSync(place, { recursive: true })
    await file.pass(1_000)
    expect(() => {
      file.tell(heartbeat(1_000))
    }).toThrow('ENOENT')
    mkdirSync(place)
    await file.pass(10_000)
    file.tell(heartbeat(12_000))
    expect(file.says()).toBe('heartbeat 12000')
  })
})
