import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createSanitizer } from '../../src/report/sanitize.ts'
import type { Sanitize } from '../../src/report/sanitize.ts'
import { anyCharacter } from '../support/any-character.ts'
import { cases } from '../support/soak.ts'

const guardedBy =
  (...secrets: readonly string[]): Sanitize =>
  (text, maxLength) =>
    createSanitizer(secrets)(text, maxLength)
const sanitize = guardedBy()

describe('control', () => {
  it.each([
    ['one\r\ntwo\n\nthree\rfour\u2028five\u2029six', 'one ⏎ two ⏎ three ⏎ four ⏎ five ⏎ six'],
    ['one\n\u0000\ntwo', 'one ⏎ two'],
    ['ends in a line break\n', 'ends in a line break'],
    ['a\tb', 'a b'],
    ['\u001b[31mred\u001b[0m \u009b1mbold', 'red bold'],
    ['\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007 here', 'click here'],
    ['nul\u0000 bell\u0007 del\u007f c1\u0085x', 'nul bell del c1 ⏎ x'],
    ['safe\u202egnp.exe\u2066 \u200bzero\u200d\ufeff tag\u{e0041}', 'safegnp.exe zero tag'],
    ['lone \ud800 half', 'lone \ufffd half'],
    ['\udb40\u200b\udc41', '\ufffd\ufffd'],
    ['日本語 🎉 naïve', '日本語 🎉 naïve'],
  ])('makes %j one visible line', (text, expected) => {
    expect(sanitize(text)).toBe(expected)
  })

  it.each([
    ['##[set-output name=state;]Completed', '## [set-output name=state;]Completed'],
    ['x #\u200b#[add-mask]e', 'x ## [add-mask]e'],
    ['###[###[', '### [### ['],
    ['::add-mask::e', ': :add-mask::e'],
    ['\u0000 \n::add-mask::e', ': :add-mask::e'],
    ['a::b', 'a::b'],
  ])('keeps %j from being a command', (text, expected) => {
    expect(sanitize(text)).toBe(expected)
  })

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [['a', 1], '["a",1]'],
    [12, '12'],
    [{ toString: 1, a: 'b\n' }, '{"toString":1,"a":"b\\n"}'],
    [Object.create(null), '{}'],
    [{ n: 1n }, ''],
  ])('takes %p for what it is', (raw, expected) => {
    expect(sanitize(raw)).toBe(expected)
  })
})

describe('credentials', () => {
  it.each([
    ['https://user:pw@host/a.parquet', 'https://***@host/a.parquet'],
    ['https://token@host/a.parquet', 'https://***@host/a.parquet'],
    ['https://@host/a.parquet', 'https://@host/a.parquet'],
    ['https://token@', 'https://***@'],
    ['https://user:pw/a.parquet?x', 'https://user:pw/a.parquet'],
    ['https://u:p[::1]:80/a@b', 'https://***@b'],
    ['https://[::1]:pw/a@b', 'https://***@b'],
    ['a?b=https://user:pw@host', 'a'],
    ['copy=[from(user:pw@host,user:pw@host)]', 'copy=[from(***@host)]'],
    ['https://user:p/w?x#y@z@host/a.parquet: gone', 'https://***@host/a.parquet: gone'],
    ['s3://bucket/a.parquet?X-Amz-Signature=abc&x=1#f', 's3://bucket/a.parquet'],
    ['Get "https://host/a?sig=abc": EOF', 'Get "https://host/a": EOF'],
    ['[a/1.parquet?X-Amz-Signature=abc b/2.parquet?versionId=3]', '[a/1.parquet b/2.parquet]'],
    ['NoSuchKey(key=https://h/a.parquet?sig=abc): importing', 'NoSuchKey(key=https://h/a.parquet): importing'],
    ['https://a/x,https://u:p@b/y?q', 'https://a/x,https://***@b/y'],
    ['user:pw@host:19530 refused', '***@host:19530 refused'],
    ['address=user:pa/ss@host', 'address=***@host'],
    [
      'with X-Amz-Signature=abc and AWSAccessKeyId=AKIA&Signature=x%3D',
      'with X-Amz-Signature=*** and AWSAccessKeyId=***&Signature=***',
    ],
    ['sig=abc, X-Amz-Credential%3Dabc', 'sig=***, X-Amz-Credential%3D***'],
    ['Authorization: Bearer xyz, bearer eyJ.a.b', 'Authorization: Bearer ***, bearer ***'],
  ])('cuts those of %j', (text, expected) => {
    expect(sanitize(text)).toBe(expected)
  })

  it.each([
    'http://minio:9000/bucket/mail@home/1.parquet',
    'minio:9000/bucket/mail@home/1.parquet',
    'https://[::1]:19530/path@2',
    'https://[::1]/path@2',
    'mail someone@example.com: what is this?',
    'really? yes=no',
    'the bearer token is missing',
    "failed to get file size of 'rowjson.json', error:The specified key does not exist.",
    "schema not equal, err=field '$meta' not in arrow schema: importing data failed: importing data failed",
    'error:NoSuchKey(key=bulk_data/4abc/1.parquet): importing data failed',
    "expected dim '5' for field 'posterVector' with type 'FloatVector', got dim '8': importing data failed",
    'rpc error: code = ResourceExhausted desc = trying to send message larger than max (5055713 vs. 2097152)',
    'too many input paths, got paths:[  ]: importing data failed, file: id:1770817970079 paths:"" paths:""',
    'import job does not exist, jobID=454487866216294669, dbID=1: importing data failed',
    'PrivilegeImport: permission deny to test',
  ])('leaves %j as it is', (text) => {
    expect(sanitize(text)).toBe(text)
  })
})

describe('secrets', () => {
  const SECRET = 'k3y&<"sé/cret+9'
  const guarded = guardedBy(SECRET, 'abc', '', '***')

  it.each([
    ['as it is', SECRET],
    ['with a zero-width character inside', SECRET.replace('y', 'y\u200b')],
    ['with a color inside', SECRET.replace('y', 'y\u001b[1m')],
    ['in a URL of its own', `https://u:${SECRET}@host/?a=${SECRET}`],
    ['as JSON', JSON.stringify(SECRET)],
    ['as part of a URI', encodeURIComponent(SECRET)],
    ['as part of a URI in lower case', encodeURIComponent(SECRET).toLowerCase()],
    ['as part of a URI within a URI', encodeURIComponent(encodeURIComponent(SECRET))],
    ['with every byte as part of a URI', Buffer.from(SECRET).toString('hex').replace(/../g, '%$&')],
    ['as JSON of Go', JSON.stringify(SECRET).replaceAll('&', '\\u0026').replaceAll('<', '\\u003c')],
    [
      'as JSON of .NET',
      JSON.stringify(SECRET).replaceAll('&', '\\u0026').replaceAll('<', '\\u003c').replaceAll('+', '\\u002b'),
    ],
    ['as JSON of PHP', JSON.stringify(SECRET).replaceAll('/', '\\/')],
    ['as XML', 'k3y&amp;&lt;&quot;sé/cret+9'],
    ['as XML of Go', 'k3y&amp;&lt;&#34;sé/cret+9'],
    ['as XML with decimal numbers', 'k3y&#38;&#60;&#34;sé/cret+9'],
    ['as XML with hexadecimal numbers', 'k3y&#x26;&#x3c;&#x22;sé/cret+9'],
    ['as hex', Buffer.from(SECRET).toString('hex')],
    ['as base64', Buffer.from(SECRET).toString('base64')],
    ['as URL-safe base64', Buffer.from(SECRET).toString('base64url')],
    ['as base64 behind a user name', Buffer.from(`me:${SECRET}`).toString('base64')],
    ['as base64 behind two bytes more', Buffer.from(`u:${SECRET}:x`).toString('base64')],
  ])('finds one %s', (_, text) => {
    const result = guarded(`see ${text} there`)
    expect(result).toContain('***')
    expect(result).not.toMatch(/k3y|cret|ey&/)
    expect(result.length).toBeLessThan(35)
  })

  const XML = `a<b>c&d"e'f/g`
  const SPACED = 'my pass/word+1?'
  // Its base64 has both characters that the URL-safe one has not.
  const BASE64 = '>>>???>>>???'

  it.each<[string, string, string]>([
    ['in the middle of JSON', SECRET, JSON.stringify(SECRET).slice(1, -1)],
    ['in the middle of JSON of PHP', SECRET, JSON.stringify(SECRET).slice(1, -1).replaceAll('/', '\\/')],
    ['as hex in upper case', SECRET, Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['as base64', BASE64, 'Pj4+Pz8/Pj4+Pz8/'],
    ['as URL-safe base64', BASE64, 'Pj4-Pz8_Pj4-Pz8_'],
    ['as a value of a form', SPACED, 'my+pass%2Fword%2B1%3F'],
    ['as a value of a form in lower case', SPACED, 'my+pass%2fword%2b1%3f'],
    ['as a value of a form within a URI', SPACED, 'my+pass%252Fword%252B1%253F'],
    ['as a part of a URI of Go', "it's (my*) pass!", 'it%27s%20%28my%2A%29%20pass%21'],
    ['as a value of a form of Go', "it's (my*) pass!", 'it%27s+%28my%2A%29+pass%21'],
    ['as a whole URI', SPACED, 'my%20pass/word+1?'],
    ['with every byte in upper case', 'jklmno', '%6A%6B%6C%6D%6E%6F'],
    ['with every byte in lower case', 'jklmno', '%6a%6b%6c%6d%6e%6f'],
    ['as JSON of Go', XML, `a\\u003cb\\u003ec\\u0026d\\"e'f/g`],
    ['as JSON of .NET', XML, `a\\u003cb\\u003ec\\u0026d\\"e\\u0027f/g`],
    ['as XML by name', XML, 'a&lt;b&gt;c&amp;d&quot;e&apos;f/g'],
    ['as XML of Go', XML, 'a&lt;b&gt;c&amp;d&#34;e&#39;f/g'],
    ['as XML of Python', XML, 'a&lt;b&gt;c&amp;d&quot;e&#x27;f/g'],
    ['as XML by decimal numbers', XML, 'a&#60;b&#62;c&#38;d&#34;e&#39;f/g'],
    ['as XML by hexadecimal numbers', XML, 'a&#x3c;b&#x3e;c&#x26;d&#x22;e&#x27;f/g'],
    ['that is a pattern', 'a.c*(d)[e]{f}|g^h$', 'a.c*(d)[e]{f}|g^h$'],
  ])('leaves nothing of one %s', (_, secret, text) => {
    expect(guardedBy(secret)(`see ${text} and ${text} there`)).toBe('see *** and *** there')
  })

  it.each([
    ['aGVsbG8h', 'hello!'],
    ['hello%20a', 'hello a'],
  ])('of six characters or more are found as %j', (text, secret) => {
    expect(guardedBy(secret)(text)).toBe('***')
  })

  it.each(['aG90ISE=', 'hot%21%21', '686f742121'])('of five characters are not found as %j', (text) => {
    expect(guardedBy('hot!!')(text)).toBe(text)
  })

  it.each([[['abc', 'abcdef']], [['abcdef', 'abc']], [['abcdef', 'abc', 'abcd']]])(
    'are found in the longest form that fits: %j',
    (secrets) => {
      expect(guardedBy(...secrets)('see abcdef and abcd. there')).toBe(
        secrets.includes('abcd') ? 'see *** and ***. there' : 'see *** and ***d. there',
      )
    },
  )

  it.each(['', '*', '****'])('are none where they say nothing: %j', (secret) => {
    expect(guardedBy(secret)('see **** there')).toBe('see **** there')
  })

  it('finds short ones as they are, in plain names too', () => {
    expect(guarded('dir/abc.parquet')).toBe('dir/***.parquet')
  })

  it('finds very long and very many ones, which no single pattern could hold', () => {
    const long = 'k3y+/9'.repeat(20_000)
    const many = Array.from({ length: 3_000 }, (_, i) => `secret-${i}-of-many`)
    const guardedByAll = guardedBy(long, ...many)
    for (const text of [long, encodeURIComponent(encodeURIComponent(long)), Buffer.from(long).toString('base64')]) {
      expect(guardedByAll(`see ${text} there`)).toBe('see *** there')
    }
    expect(guardedByAll('see secret-0-of-many and secret-2999-of-many there')).toBe('see *** and *** there')
  })

  it('leaves alone what merely begins as one does', () => {
    const secret = 'abcdefghijklmnopqrstuvwxyz'
    expect(guardedBy(secret)(`${secret.slice(0, 20)} ${secret.slice(0, 16)}`)).toBe(
      'abcdefghijklmnopqrst abcdefghijklmnop',
    )
    expect(guardedBy(secret)(`${secret.slice(0, 16)} ${secret}`)).toBe('abcdefghijklmnop ***')
  })

  it('finds them before the text is shortened', () => {
    expect(guarded(`${'x'.repeat(45)}${SECRET}${'y'.repeat(45)}`, 60)).toBe(`${'x'.repeat(30)}…${'y'.repeat(29)}`)
  })
})

describe('on any text', () => {
  const piece = fc.oneof(
    fc.string({ unit: anyCharacter }),
    fc.constantFrom(
      '##',
      '[',
      '::',
      ':',
      '//',
      '://',
      '@',
      '?',
      '#',
      '=',
      'sig=',
      'X-Amz-A=',
      'Bearer ',
      'a',
      ' ',
      '\n',
      '\t',
      '"',
      '\u001b[',
      '\u001b]',
      '\u0007',
      '\u200b',
      '\u202e',
      '\ud83d',
      '\ude00',
      '***',
      '(',
      ')',
      '/',
      '12',
      '⏎',
      '…',
    ),
  )
  const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))

  it('gives one visible line without commands', () => {
    fc.assert(
      fc.property(text, (raw) => {
        const result = sanitize(raw)
        expect(result).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]|##\[|^\s*::/u)
        expect(result).toBe(result.trim())
      }),
      cases(1000),
    )
  })

  it('changes nothing the second time where a signed query holds a URL', () => {
    const once = sanitize('?X-Amz-A=://')
    expect(sanitize(once)).toBe(once)
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(text, (raw) => {
        const once = sanitize(raw)
        expect(sanitize(once)).toBe(once)
      }),
      { ...cases(1000), examples: [[':@sig=://'], ['sig=):@']] },
    )
  })

  it('never lets a secret through, wherever it stands', () => {
    const guarded = createSanitizer(['s3cr3tk3y'])
    fc.assert(
      fc.property(text, text, fc.integer({ min: 0, max: 40 }), (before, after, maxLength) => {
        expect(guarded(`${before}s3cr3tk3y${after}`, maxLength)).not.toContain('s3cr3t')
      }),
      cases(1000),
    )
  })

  it('keeps to the length, and never splits a character', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 50 }), (raw, maxLength) => {
        const result = sanitize(raw, maxLength)
        expect(result.length).toBeLessThanOrEqual(maxLength)
        expect(result).not.toMatch(/\p{Surrogate}/u)
      }),
    )
  })

  // A rule that goes back over the text would take minutes here, far beyond the time a test may take.
  it.each([
    '://a:@?',
    '://',
    '://a:',
    'a:',
    '@',
    ':@',
    '?',
    '?a',
    '?a=',
    '?X-Amz-',
    'X-Amz-',
    'x-amz-a',
    '\u001b[',
    '\u001b[1',
    '\u001b]',
    '\u009d',
    '\u009b',
    'sig=',
    'Bearer ',
    'Bearer',
    ' ',
    '\n',
    '\n ',
    '##[',
    '::',
    '"',
    '(',
    ')]',
    ',;',
    '\ud83d',
    '\u200b',
    '%3D',
    'aa',
    'https://u:',
    '/:',
    '[::',
  ])('takes a quarter of a megabyte of %j in linear time', (part) => {
    const long = part.repeat(Math.ceil(250_000 / part.length))
    for (const raw of [long, `${long}@`, `https://${long}@h`, `${long}/a:b@c`]) {
      expect(createSanitizer(['s3cr3tk3y'])(raw).length).toBeLessThanOrEqual(4000)
    }
  })
})
