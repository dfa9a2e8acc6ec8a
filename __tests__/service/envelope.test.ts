import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { readEnvelope } from '../../src/service/envelope.ts'

describe('the envelope in a body', () => {
  it.each([
    ['{"code":0,"data":{"state":"Pending"}}', { code: 0, message: '', data: { state: 'Pending' } }],
    ['{"code":200,"data":{}}', { code: 200, message: '', data: {} }],
    ['{"code":"0","message":"The token is illegal."}', { code: 0, message: 'The token is illegal.', data: undefined }],
    ['{"code":1800,"message":"no"}', { code: 1800, message: 'no', data: undefined }],
    ['{"Code":1,"MESSAGE":"boom","Data":[]}', { code: 1, message: 'boom', data: undefined, items: [] }],
    ['{"code":0,"data":["a",{}]}', { code: 0, message: '', data: undefined, items: ['a', {}] }],
    ['{"code":-1}', { code: -1, message: '', data: undefined }],
    ['{"code":" 8\\n"}', { code: 8, message: '', data: undefined }],
    ['{"code":0,"status":1100,"data":{}}', { code: 0, message: '', data: {} }],
    ['{"status":0,"data":{"state":"Importing"}}', { code: 0, message: '', data: { state: 'Importing' } }],
    ['{"status":200,"code":null,"data":{}}', undefined],
    ['{"status":200,"code":"x","data":{}}', undefined],
    ['{"status":200,"data":{}}', { code: 200, message: '', data: {} }],
    ['\uFEFF{"code":0}', { code: 0, message: '', data: undefined }],
    ['{"code":1,"message":"\uFEFFboom"}', { code: 1, message: '\uFEFFboom', data: undefined }],
  ])('%s', (body, envelope) => {
    expect(readEnvelope(body)).toEqual(envelope)
  })

  it.each([
    '',
    'timeout',
    '404 page not found',
    '<html>',
    '{"code":0,"data":{"sta',
    'null',
    '0',
    '[]',
    '[{"code":0}]',
    '{}',
    '{"code":null}',
    '{"code":true}',
    '{"code":1.5}',
    '{"code":"zero"}',
    '{"code":""}',
    '{"code":"x0"}',
    '{"code":"0x"}',
    '{"code":"1234567890"}',
    '{"undefined":0,"data":{"state":"Completed"}}',
    '{"statusCode":500,"message":"x"}',
    '{"status":1100,"message":"import job failed"}',
    '{"status":1100,"data":{"state":"Completed"}}',
    '{"status":0}',
    '{"status":{"error_code":"Success"},"jobId":"1"}',
  ])('is none: %s', (body) => {
    expect(readEnvelope(body)).toBeUndefined()
  })

  it('survives any body', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `{"code":0,"data":${json}}`),
        ),
        (body) => {
          const envelope = readEnvelope(body)
          expect(envelope === undefined || Number.isInteger(envelope.code)).toBe(true)
        },
      ),
    )
  })

  it('survives nesting of any depth', () => {
    expect(
      readEnvelope(`{"code":0,"data":${'['.repeat(500_000)}${']'.repeat(500_000)}}`)?.code ?? 'too deep',
    ).toBeDefined()
  })
})
