import fc from 'fast-check'

/**
 * The unit of a text of any characters, half of them such as programs heed. fast-check's own `binary` makes a list of all
 * 1,112,064 first, which takes longer than most properties do.
 */
export const anyCharacter = fc
  .oneof(
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 0x9f }) },
    { weight: 1, arbitrary: fc.integer({ min: 0xa0, max: 0xd7ff }) },
    { weight: 1, arbitrary: fc.integer({ min: 0xe000, max: 0x10ffff }) },
  )
  .map((codePoint) => String.fromCodePoint(codePoint))
