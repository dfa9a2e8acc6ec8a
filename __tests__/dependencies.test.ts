import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'

const src = fileURLToPath(new URL('../src/', import.meta.url))

/** The folders, which the files beside them put together. */
const WIRING = ['settings', 'service', 'report', 'messages', 'gate', 'world', 'connection', 'proxy', 'version']

/** What each part of `src` may import besides itself, its type-only imports included. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: ['action'],
  post: ['action'],
  action: ['run', 'post-step', 'world'],
  run: [...WIRING, 'connect', 'reporters', 'step'],
  'post-step': [...WIRING, 'step'],
  connect: [...WIRING, 'step'],
  reporters: [...WIRING, 'step'],
  step: WIRING,
  world: ['service', 'report', 'gate', 'connection'],
  settings: ['messages', 'gate', 'connection', 'hosts', 'proxy'],
  service: ['messages', 'gate', 'connection', 'hosts', 'proxy'],
  report: ['messages', 'gate', 'connection', 'version'],
  messages: ['gate'],
  gate: [],
  connection: [],
  proxy: ['connection'],
  hosts: [],
  version: [],
}
/** The files that may import packages; the others get what lies outside from `world.ts`. */
const EDGES = /^(main|post|world)\.ts$|^service\/(http|connections)\.ts$|^report\/github\.ts$/
/** These import no module of Node either. */
const PURE = new Set(['gate', 'messages', 'connection', 'hosts', 'version'])

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'))
const graph = new Map(files.filter((path) => path.endsWith('.ts')).map((path) => [path, importsOf(path)]))

function importsOf(path: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(src, path), 'utf8'))
  return importedFiles.map(({ fileName }) =>
    fileName.startsWith('.') ? posix.join(posix.dirname(path), fileName) : fileName,
  )
}

function isForbidden(path: string, imported: string): boolean {
  const [part = '', other = ''] = [path, imported].map((file) => file.replace(/(\/|\.ts$).*/, ''))
  if (imported.startsWith('node:')) return PURE.has(part)
  return graph.has(imported) ? part !== other && !MAY_IMPORT[part]?.includes(other) : !EDGES.test(path)
}

/** The files on a way from `path` back to itself, or nothing. */
function cycleFrom(path: string, start = path, seen = new Set<string>()): readonly string[] {
  for (const imported of graph.get(path) ?? []) {
    if (imported === start) return [path]
    if (seen.has(imported)) continue
    seen.add(imported)
    const rest = cycleFrom(imported, start, seen)
    if (rest.length > 0) return [path, ...rest]
  }
  return []
}

describe('the modules', () => {
  it('depend on one another in one direction', () => {
    const forbidden = [...graph].flatMap(([path, imports]) =>
      imports.filter((imported) => isForbidden(path, imported)).map((imported) => `${path} imports ${imported}`),
    )
    expect(graph.size).toBeGreaterThan(20)
    expect(forbidden).toEqual([])
  })

  it('have no import cycle', () => {
    expect([...graph.keys()].map((path) => cycleFrom(path)).filter((cycle) => cycle.length > 0)).toEqual([])
  })

  it.each([
    ['gate/judge.ts', 'messages/format.ts'],
    ['gate/judge.ts', 'node:timers'],
    ['messages/format.ts', 'report/log.ts'],
    ['settings/settings.ts', 'service/service.ts'],
    ['service/decode.ts', 'undici'],
    ['report/log.ts', 'run.ts'],
    ['run.ts', '@actions/core'],
  ])('would not pass if %s imported %s', (path, imported) => {
    expect(isForbidden(path, imported)).toBe(true)
  })
})
