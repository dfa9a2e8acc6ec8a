import { describe, expect, it } from '@jest/globals'
import { notesOf } from './changelog.ts'

const changelog = `# Changelog

## [Unreleased]

## [1.1.0] - 2026-12-24

### Added

- Something.

## [1.0.0] - 2026-11-24

- All of it.

[1.0.0]: https://github.com/octocat/gate/releases/tag/v1.0.0
`

describe('the notes of a release', () => {
  it.each([
    ['the section of its version, up to the next one', '1.1.0', '### Added\n\n- Something.\n'],
    ['the last section, without the addresses below it', '1.0.0', '- All of it.\n'],
  ])('are %s', (_, version, notes) => {
    expect(notesOf(changelog, version)).toBe(notes)
  })

  it.each([
    ['a version that has no section', '1.0', 'no section "## [1.0]"'],
    ['a version whose dots are no dots', '1x0x0', 'no section "## [1x0x0]"'],
    ['a section that says nothing', 'Unreleased', 'says nothing below "## [Unreleased]"'],
  ])('are refused for %s', (_, version, complaint) => {
    expect(() => notesOf(changelog, version)).toThrow(complaint)
  })
})
