import { API_KEY } from './gating.ts'

export const PASSWORD = API_KEY.slice('root:'.length)
/** What an encoding makes of the key. */
export const KEY_FORMS: readonly string[] = [API_KEY, PASSWORD].flatMap((secret) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  encodeURIComponent(secret).toLowerCase(),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('base64url'),
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret).toString('hex').toUpperCase(),
  encodeURIComponent(encodeURIComponent(secret)),
  // As Go's html and json packages do.
  secret.replaceAll('&', '&amp;').replaceAll('"', '&#34;'),
  JSON.stringify(secret).slice(1, -1).replaceAll('&', '\\u0026'),
  // As the middle of something longer that was encoded as a whole.
  ...[1, 2].map((before) => base64Inside(secret, before)),
])

const COMMANDS: readonly string[] = [
  '::set-output name=conclusion::completed',
  '::add-mask::e',
  '::stop-commands::pause',
  '::error::forged',
  '::group::g',
  '##[set-output name=conclusion;]completed',
  '##[add-mask]e',
  '##[set-env name=a;]b',
  '##[error]forged',
  '##[endgroup]',
  '###[###[add-mask]e',
  '#\u200b#[add-mask]e',
  '\u0000\n::add-mask::e',
  'a\r::add-mask::e',
  'a\r\n##[add-mask]e\n',
  'a\u2028::add-mask::e\u0085::add-mask::e',
  'a%0A::add-mask::e%0D',
  '\u001b[2K\u001b[1A::add-mask::e',
  'conclusion<<X\ncompleted\nX\nstate=Completed\n',
  'ghadelimiter_\nghadelimiter_x',
]

const MARKUP: readonly string[] = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '</code></td></tr></table><h1>passed</h1>',
  '</summary></details>',
  '<!-- hidden',
  '<![CDATA[',
  '<?php',
  '&lt;b&gt;&#60;i&#62;',
  '![a](https://evil.example/a.png)',
  '[click](https://evil.example)',
  '[click][1]\n\n[1]: https://evil.example',
  '<https://evil.example>',
  'https://evil.example/a www.evil.example me@evil.example',
  'xmpp:me@evil.example mailto:me@evil.example ftp://evil.example',
  '@octocat and @octo/team',
  '#1 GH-1 octocat/hello#1',
  ':tada: $x^2$ $$y$$ $`z`$',
  'a | b | c\n--- | --- | ---\n1 | 2 | 3',
  '\n\n# Passed\n\n- [x] done\n\n```\ncode',
  '`a` ``b`` *c* __d__ ~~e~~ \\',
  '\n\n> [!TIP]\n> Passed',
  '\n\n    code\n\n---\n===',
  '[^1]\n\n[^1]: note',
  '1. one\n2) two\n+ three',
  '\u202egnp.exe \u2066x\u2069 \u200b\ufeff\u00ad',
  '\ud800 \udfff \ufffe',
  'x'.repeat(5000),
  'https://user:hunter2@evil.example/a?X-Amz-Signature=cafebabe',
]

/** What a service might say to get at the runner, at GitHub or at the reader. */
export const HOSTILE: readonly string[] = [...COMMANDS, ...MARKUP, ...KEY_FORMS]

/** What of a secret's Base64 is the same whatever stands in front of it and behind it, after so many other bytes. */
function base64Inside(secret: string, before: number): string {
  const all = Buffer.from(`${'x'.repeat(before)}${secret}`).toString('base64')
  return all.slice(Math.ceil((before * 4) / 3), Math.floor(((before + secret.length) * 4) / 3))
}

/** No text is empty, and no two are alike, so that a hostile service has the shape of a kind one. */
export type Words = (n: number) => string
export const KIND: Words = (n) => `w${n}`
export const wordsFrom =
  (texts: readonly string[]): Words =>
  (n) =>
    `${texts[n % texts.length] ?? ''}w${n}`

/** All of them, beginning with one of them. */
export const hostileFrom = (first: number): readonly string[] => [...HOSTILE.slice(first), ...HOSTILE.slice(0, first)]
