import { describe, expect, it } from '@jest/globals'
import { Annotations } from './annotations.ts'
import { Masker } from './masking.ts'

describe('the annotations of a step', () => {
  it('are the first ten of each type', () => {
    const annotations = new Annotations(new Masker())
    for (let count = 1; count <= 11; count += 1) annotations.add('error', `error ${count}`)
    annotations.add('notice', 'notice')
    expect(annotations.kept).toHaveLength(11)
    expect(annotations.dropped.map(({ message }) => message)).toEqual(['error 11'])
  })

  it('are masked before they are cut', () => {
    const masker = new Masker()
    masker.add('secret')
    const annotations = new Annotations(masker)
    expect(annotations.add('error', 'x'.repeat(4093) + 'secret')).toBe('x'.repeat(4093) + '***')
    expect(annotations.add('error', '💥'.repeat(2049))).toBe('💥'.repeat(2048))
  })

  it('leave blank messages out, which take a place all the same', () => {
    const annotations = new Annotations(new Masker())
    for (let count = 1; count <= 10; count += 1) annotations.add('error', ' ')
    annotations.add('error', 'too late')
    expect(annotations.kept).toEqual([])
    expect(annotations.dropped).toHaveLength(1)
  })
})
