import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { codeOf, endingCodes, linkOf } from '../../src/messages/codes.ts'
import { failurePatterns } from '../../src/messages/failure-patterns.ts'
import type { Conclusion } from '../../src/gate/conclusion.ts'
import type { ServiceErrorKind } from '../../src/gate/job.ts'
import { aTrouble } from '../support/builders.ts'

const ROOT = new URL('../../', import.meta.url)
const TROUBLESHOOTING = readFileSync(new URL('docs/troubleshooting.md', ROOT), 'utf8')

const rejected = (kind: ServiceErrorKind): Conclusion => ({
  kind: 'rejected',
  passes: false,
  jobs: [0],
  error: aTrouble({ kind }),
})
const unreachable = (kind: ServiceErrorKind): Conclusion => ({
  kind: 'unreachable',
  passes: false,
  jobs: [0],
  error: aTrouble({ kind }),
  outageMs: 1,
})

describe('the codes', () => {
  const codes = [...endingCodes(), ...failurePatterns().map(({ code }) => code)]

  it('are all different, and of one shape', () => {
    expect(codes).toEqual([...new Set(codes)])
    expect(codes.filter((code) => !/^MIG-\d{3}$/.test(code))).toEqual([])
  })

  it('are those of Troubleshooting, each with a place to link to', () => {
    const rows = [...TROUBLESHOOTING.matchAll(/^\| <a id="mig-(\d{3})"><\/a>`MIG-(\d{3})` +\|/gm)]
    for (const [, anchor, code] of rows) expect(anchor).toBe(code)
    expect(rows.map(([, , code]) => `MIG-${code ?? ''}`)).toEqual(codes.toSorted())
  })

  it('lead to the same place in Troubleshooting as in a message, and never nowhere', () => {
    const linkOfRow = (row: string) => /\]\((https:[^)]+)\) \|$/.exec(row)?.[1]
    const rows = TROUBLESHOOTING.split('\n').filter((line) => line.startsWith('| <a id="mig-'))
    const links = new Map<string, string | undefined>([
      ...endingCodes().map((code) => [code, linkOf(code)] as const),
      ...failurePatterns().map(({ code, link }) => [code, link] as const),
    ])
    expect(rows.map((row) => [/MIG-\d+/.exec(row)?.[0], linkOfRow(row)])).toEqual(
      rows.map((row) => [/MIG-\d+/.exec(row)?.[0], links.get(/MIG-\d+/.exec(row)?.[0] ?? '')]),
    )
    expect(rows.filter((row) => !row.includes(']('))).toEqual([])
  })

  it('stand in three files of the source and nowhere else', () => {
    const files = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' })
    const mention = (file: string) => /MIG-\d/.test(readFileSync(new URL(`src/${file}`, ROOT), 'utf8'))
    expect(files.filter((file) => file.endsWith('.ts') && mention(file)).toSorted()).toEqual([
      'messages/codes.ts',
      'messages/failure-patterns.ts',
      'messages/service-errors.ts',
    ])
  })
})

describe('the code of an ending', () => {
  it.each<[string, Conclusion, string | undefined]>([
    ['completed', { kind: 'completed', passes: true }, undefined],
    ['failed, which has that of its diagnosis', { kind: 'failed', passes: false, jobs: [0] }, undefined],
    ['invalid input', { kind: 'invalid-input', passes: false, mistakes: [] }, 'MIG-001'],
    ['cancelled', { kind: 'cancelled', passes: false, signal: 'SIGINT' }, 'MIG-002'],
    ['timed out', { kind: 'timed-out', passes: true, jobs: [0] }, 'MIG-045'],
    ['a key refused', rejected('credentials'), 'MIG-010'],
    ['no permission', rejected('permission'), 'MIG-011'],
    ['a request refused', rejected('bad-request'), 'MIG-012'],
    ['a cluster that is not there', rejected('wrong-place'), 'MIG-012'],
    ['a collection that is gone', rejected('no-collection'), 'MIG-013'],
    ['an address without the API', rejected('no-api'), 'MIG-014'],
    ['a redirect', rejected('redirect'), 'MIG-014'],
    ['a gateway that refuses', rejected('gateway-rejected'), 'MIG-015'],
    ['a proxy that refuses', rejected('proxy-credentials'), 'MIG-016'],
    ['a certificate that does not hold', rejected('tls-untrusted'), 'MIG-017'],
    ['a service without commits', rejected('no-operation'), 'MIG-018'],
    ['a service without refresh_load', rejected('no-refresh'), 'MIG-019'],
    ['no such host', unreachable('no-such-host'), 'MIG-020'],
    ['nothing that listens', unreachable('connection-refused'), 'MIG-021'],
    ['no answer in time', unreachable('timeout'), 'MIG-022'],
    ['a cut connection', unreachable('reset'), 'MIG-023'],
    ['a web page', unreachable('web-page'), 'MIG-024'],
    ['an answer without a state', unreachable('incomplete'), 'MIG-024'],
    ['a list that cannot be read', unreachable('unreadable-list'), 'MIG-024'],
    ['a part of a list', unreachable('partial-list'), 'MIG-024'],
    ['too many jobs', unreachable('too-many-jobs'), 'MIG-024'],
    ['an address that gets no key', rejected('cluster-address'), 'MIG-024'],
    ['a rate limit', unreachable('rate-limited'), 'MIG-025'],
    ['a gateway without an answer', unreachable('http-status'), 'MIG-026'],
    ['an error of the service', unreachable('service-error'), 'MIG-027'],
    ['no host that answered', { ...unreachable('timeout'), error: undefined } as Conclusion, 'MIG-027'],
  ])('reports %s', (_, conclusion, code) => {
    expect(codeOf(conclusion)).toBe(code)
  })
})
