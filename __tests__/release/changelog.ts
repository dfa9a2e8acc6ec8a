/** What a changelog in the format of https://keepachangelog.com says of one version, without its heading. */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^(?=## )/m)
  const section = sections.find((text) => text.startsWith(`## [${version}]`))
  if (section === undefined) throw new Error(`CHANGELOG.md has no section "## [${version}]". Write it, then tag again.`)
  const notes = section
    .replace(/^.*\n/, '')
    // The addresses that the headings link to stand below the last section.
    .replace(/^\[[^\]]+\]: \S+$/gm, '')
    .trim()
  if (notes === '') throw new Error(`CHANGELOG.md says nothing below "## [${version}]".`)
  return `${notes}\n`
}
