import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { decodeJob } from '../../src/service/decode.ts'
import type { JsonObject } from '../../src/service/envelope.ts'
import { createSanitizer } from '../../src/report/sanitize.ts'
import { cases } from '../support/soak.ts'
import { importedRowsOf } from '../../src/gate/job.ts'

const sanitize = createSanitizer(['s3cret-api-key'])
const decode = (data: JsonObject) => decodeJob(data, sanitize)
const fileNamed = (fileName: unknown) => decode({ state: 'Importing', details: [{ fileName }] })?.files[0]?.name

describe('the snapshot in an answer', () => {
  it('holds what a whole answer says', () => {
    expect(
      decode({
        jobId: '453240863839750922',
        collectionName: 'quick_setup',
        state: 'Completed',
        progress: 100,
        importedRows: 10000,
        totalRows: 10000,
        fileSize: 31567773,
        completeTime: '2024-10-15T15:27:41+08:00',
        createTime: '2024-10-15T15:26:02+08:00',
        details: [
          {
            fileName: '[8db36d4f/1.parquet]',
            fileSize: 31567773,
            state: 'Completed',
            progress: 100,
            importedRows: 10000,
            totalRows: 10000,
            completeTime: '2024-10-15T15:27:33+08:00',
          },
        ],
      }),
    ).toEqual({
      phase: 'completed',
      label: 'Completed',
      progress: 100,
      importedRows: 10000,
      totalRows: 10000,
      sizeBytes: 31567773,
      collectionName: 'quick_setup',
      completeTime: '2024-10-15T15:27:41+08:00',
      createTime: '2024-10-15T15:26:02+08:00',
      reason: undefined,
      files: [
        {
          name: '8db36d4f/1.parquet',
          phase: 'completed',
          label: 'Completed',
          progress: 100,
          importedRows: 10000,
          totalRows: 10000,
          sizeBytes: 31567773,
          completeTime: '2024-10-15T15:27:33+08:00',
          reason: undefined,
        },
      ],
    })
  })

  it('needs a state and nothing else', () => {
    expect(decode({ state: 'Pending' })).toMatchObject({ phase: 'pending', label: 'Pending', files: [] })
  })

  it.each([[{}], [{ state: '' }], [{ state: null }], [{ state: 7 }], [{ state: ['Completed'] }], [{ progress: 100 }]])(
    'is none without a state: %j',
    (data) => {
      expect(decode(data)).toBeUndefined()
    },
  )

  it.each([
    ['Completed', 'completed', 'Completed'],
    ['Pending', 'pending', 'Pending'],
    ['Importing', 'importing', 'Importing'],
    ['InProgress', 'importing', 'InProgress'],
    ['PreImporting', 'importing', 'PreImporting'],
    ['Sorting', 'importing', 'Sorting'],
    ['IndexBuilding', 'importing', 'IndexBuilding'],
    ['Uncommitted', 'uncommitted', 'Uncommitted'],
    ['Committing', 'committing', 'Committing'],
    ['Failed', 'failed', 'Failed'],
    ['None', 'unknown', 'None'],
    ['ImportCompleted', 'unknown', 'ImportCompleted'],
    ['completed', 'unknown', 'completed'],
    [' Completed', 'unknown', 'Completed?'],
    ['Completed\u200b', 'unknown', 'Completed?'],
    ['\u0000', 'unknown', '?'],
    ['constructor', 'unknown', 'constructor'],
    ['__proto__', 'unknown', '__proto__'],
  ])('reads the state %j as %s, shown as %s', (state, phase, label) => {
    expect(decode({ state })).toMatchObject({ phase, label })
  })

  it('finds members in any case, and the exact one first', () => {
    expect(decode({ STATE: 'Failed', Progress: 3, ImportedRows: 4 })).toMatchObject({
      phase: 'failed',
      progress: 3,
      importedRows: 4,
    })
    expect(decode({ State: 'Completed', state: 'Failed' })?.phase).toBe('failed')
  })

  it.each([
    [70, 70],
    ['70', 70],
    [70.9, 70],
    ['99.99', 99],
    [-3, 0],
    [1e9, 100],
    [null, undefined],
    ['70 %', undefined],
    [true, undefined],
  ])('reads the progress %j as %j', (progress, read) => {
    expect(decode({ state: 'Importing', progress })?.progress).toBe(read)
  })

  it.each([
    [12, 12],
    ['12', 12],
    [' 12\n', 12],
    [0, 0],
    [-1, undefined],
    [1.5, undefined],
    ['', undefined],
    ['12,000', undefined],
    ['0x10', undefined],
    [2 ** 60, undefined],
    [[12], undefined],
  ])('reads the rows %j as %j', (importedRows, read) => {
    expect(decode({ state: 'Importing', importedRows })?.importedRows).toBe(read)
  })

  it.each<[rows: unknown, counted: number | undefined]>([
    [undefined, 100],
    [null, 100],
    ['', 100],
    [100, 100],
    [0, 0],
    [-1, undefined],
    [0.5, undefined],
    ['abc', undefined],
    [1e20, undefined],
    [{}, undefined],
  ])('counts no rows of the files where it cannot read how many were imported: %j', (importedRows, counted) => {
    const job = decode({ state: 'Completed', importedRows, totalRows: 100 })
    expect(job && importedRowsOf(job)).toBe(counted)
  })

  it.each([
    ['a/1.parquet', 'a/1.parquet'],
    ['[a/1.parquet]', 'a/1.parquet'],
    ['[id.npy vector.npy]', 'id.npy vector.npy'],
    ['[my data/part [1].parquet]', 'my data/part [1].parquet'],
    [' [a/1.parquet]\n', 'a/1.parquet'],
    ['part[1]', 'part[1]'],
    ['[1]/a.parquet', '[1]/a.parquet'],
    ['id:448761313698322012 paths:"a6fb2d1c/1.parquet" ', 'a6fb2d1c/1.parquet'],
    ['id:1 paths:"id.npy" paths:"vec\\"tor.npy" ', 'id.npy vec"tor.npy'],
    ['id:1770817970079 paths:"" paths:"" paths:""', 'id:1770817970079 paths:"" paths:"" paths:""'],
    ['[]', ''],
    ['', ''],
    [undefined, ''],
    [7, ''],
    ['a.parquet?X-Amz-Signature=abc&X-Amz-Date=1', 'a.parquet'],
    ['[a.parquet?X-Amz-Signature=abc b.parquet?sig=1]', 'a.parquet b.parquet'],
  ])('reads the file name %j as %j', (raw, name) => {
    expect(fileNamed(raw)).toBe(name)
  })

  it('cuts credentials and keys out of file names', () => {
    expect(fileNamed('s3://AKIA:abc/def@bucket/a.parquet?X-Amz-Signature=1')).not.toMatch(/AKIA|abc|Signature/)
    expect(fileNamed('[x/s3cret-api-key/a.parquet]')).not.toContain('s3cret')
  })

  it.each([
    ['', 'pending'],
    ['None', 'pending'],
    ['Pending', 'pending'],
    ['InProgress', 'running'],
    ['Importing', 'running'],
    ['PreImporting', 'running'],
    ['Retry', 'running'],
    ['Completed', 'completed'],
    ['Failed', 'failed'],
    ['Sleeping', 'unknown'],
    [undefined, 'pending'],
  ])('reads the state %j of a file as %s', (state, phase) => {
    expect(decode({ state: 'Importing', details: [{ fileName: 'a', state }] })?.files[0]?.phase).toBe(phase)
  })

  it.each([[null], ['x'], [{}], [7]])('takes details of the wrong type for none: %j', (details) => {
    expect(decode({ state: 'Importing', details })?.files).toEqual([])
  })

  it('leaves out what is no file', () => {
    expect(decode({ state: 'Importing', details: [null, 1, 'x', [], { fileName: 'a' }] })?.files).toHaveLength(1)
  })

  it('takes empty text for none', () => {
    expect(decode({ state: 'Failed', reason: ' ', completeTime: '', collectionName: '' })).toMatchObject({
      reason: undefined,
      completeTime: undefined,
      collectionName: undefined,
    })
  })

  it('survives any object, and is Completed only where that is the exact word', () => {
    const anyValue = fc.oneof(fc.jsonValue(), fc.constantFrom('Completed', 'Failed', 'completed', 'Completed '))
    const anyJob = fc.dictionary(
      fc.constantFrom(
        'state',
        'State',
        'progress',
        'importedRows',
        'totalRows',
        'fileSize',
        'details',
        'reason',
        'jobId',
      ),
      anyValue,
    )
    fc.assert(
      fc.property(anyJob, (data) => {
        const job = decode(data)
        const exact = Object.hasOwn(data, 'state') ? data.state : data.State
        expect(job?.phase === 'completed').toBe(exact === 'Completed')
        expect(job?.label === 'Completed').toBe(exact === 'Completed')
      }),
      cases(2000),
    )
  })
})
