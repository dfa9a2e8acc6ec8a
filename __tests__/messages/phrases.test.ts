import { describe, expect, it } from '@jest/globals'
import {
  allJobs,
  collectionsOf,
  first,
  lowerFirst,
  named,
  rowsText,
  subjectOf,
  progressOf,
} from '../../src/messages/phrases.ts'
import { newDiscovery } from '../../src/gate/discovery.ts'
import { aHistory, aJob, aSearch, aView } from '../support/builders.ts'

const jobs = ['a', 'b', 'c', 'd'].map((jobId) => aHistory({ jobId }))
const discovery = newDiscovery({ kind: 'discovered', collectionName: 'docs', since: undefined }, {}, 0)

describe('who a sentence is about', () => {
  it.each<[readonly number[], string, string]>([
    [[], 'The import jobs of collection docs', 'are'],
    [[7], 'The import jobs of collection docs', 'are'],
    [[1], 'Import job b', 'is'],
    [[1, 7], 'Import job b', 'is'],
    [[1, 2], '2 of 4 import jobs (b, c)', 'are'],
    [[0, 1, 2, 3], 'All 4 import jobs (a, b, c and 1 more)', 'are'],
  ])('is %j of the jobs', (indices, subject, is) => {
    expect(subjectOf({ ...aView(jobs), discovery }, indices)).toEqual({ subject, is })
  })

  it('is a collection without a name where nothing was polled for', () => {
    expect(subjectOf(aView([]), []).subject).toBe('The import jobs of collection ')
  })

  it.each<[readonly number[], string, string]>([
    [[], '0 of 2 collections ()', 'are'],
    [[1], 'Collection films', 'is'],
    [[1, 7], 'Collection films', 'is'],
    [[0, 1], 'Both collections (docs, films)', 'are'],
  ])('is %j of the collections', (indices, subject, is) => {
    const view = aView([], 0, [aSearch('docs'), aSearch('films')])
    expect(collectionsOf(view, indices)).toEqual({ subject, is })
  })

  it.each([
    [0, 'All 0 import jobs are'],
    [1, 'Import job a is'],
    [2, 'Both import jobs are'],
    [3, 'All 3 import jobs are'],
  ])('is all of %i jobs', (amount, text) => {
    expect(allJobs(aView(jobs.slice(0, amount)))).toBe(text)
  })

  it.each([
    ['Import job a', 'import job a'],
    ['Collection docs', 'collection docs'],
    ['The import jobs of collection docs', 'the import jobs of collection docs'],
    ['Nor Import job a', 'Nor Import job a'],
    ['Importer', 'Importer'],
  ])('is %j in the middle of a sentence, too', (subject, text) => {
    expect(lowerFirst(subject)).toBe(text)
  })
})

it('names three at most, each cut', () => {
  expect(named(['a', 'b', 'c'])).toBe('a, b, c')
  expect(named(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more')
  expect(named(['x'.repeat(201)])).toBe(`${'x'.repeat(100)}…${'x'.repeat(99)}`)
})

it('finds the first of the jobs that decide', () => {
  expect(first(aView(jobs), [2, 0])?.jobId).toBe('c')
  expect(first(aView(jobs), [])).toBeUndefined()
})

it.each<[number | undefined, number | undefined, string]>([
  [undefined, undefined, ''],
  [undefined, 5, ''],
  [0, undefined, ''],
  [0, 0, ''],
  [0, 5, '0 of 5 rows'],
  [1, undefined, '1 row'],
  [1, 1, '1 row'],
  [2, undefined, '2 rows'],
  [1200, 3000, '1,200 of 3,000 rows'],
])('says of %p of %p rows: %j', (importedRows, totalRows, text) => {
  expect(rowsText({ importedRows, totalRows })).toBe(text)
})

it('says where a job stands, as far as that is known', () => {
  expect(progressOf(aHistory({}))).toBe('Unknown')
  expect(progressOf(aHistory({ polls: [[0, aJob({ importedRows: undefined })]] }))).toBe('Importing, 45%')
  expect(progressOf(aHistory({ polls: [[0, aJob()]] }))).toBe('Importing, 45%, 6,000 of 36,000 rows')
})
