/** The files of an import as its request names them: groups, each with the paths that are imported as one. */
export type FileGroups = readonly (readonly string[])[]

/** Whether a job imports these files; `unclear` where what the service shows cannot tell. */
export type FilesMatch = 'same' | 'different' | 'unclear'

type Shown = readonly string[]

/** One group or one file that the service shows. */
interface Name {
  /** As one text, which is how the service shows a group. */
  readonly text: string
  /** Where the group has several paths: their number. */
  readonly size: number
}

/** The longest name that is shown whole: the sanitizer cuts longer ones. */
const LONGEST_WHOLE = 1_000

/** Whether the files that a job shows are those of the request: the same groups as often, by the ends of their paths. */
export function filesMatch(wanted: FileGroups, shown: Shown): FilesMatch {
  const names = wanted.map(nameOf)
  const isCut = (text: string) => text.length >= LONGEST_WHOLE || text.includes('***')
  if (wanted.length === 0 || wanted.flat().some(isFolder) || names.some(({ text }) => isCut(text)) || shown.some(isCut))
    return 'unclear'
  if (names.length !== shown.length) return 'different'
  const pairs = pairUp(names, shown.map(withoutQuery))
  if (pairs === undefined) return 'different'
  return pairs.some(([name, text]) => isShownBare(name, text)) ? 'unclear' : 'same'
}

/** Whether a text names one of the files, as the reason of a failure before the import phase does. */
export function namesFile(wanted: FileGroups, text: string | undefined): boolean {
  if (text === undefined) return false
  return wanted.flat().some((path) => {
    for (let at = text.indexOf(path); path !== '' && at >= 0; at = text.indexOf(path, at + 1)) {
      const [before, after] = [text.charAt(at - 1), text.charAt(at + path.length)]
      if (/^$|[\s"'=([/]/.test(before) && /^$|[\s"'\]),:]/.test(after)) return true
    }
    return false
  })
}

function nameOf(group: readonly string[]): Name {
  return { text: group.map(withoutQuery).join(' '), size: group.length }
}

/** A signed query string is never shown. */
function withoutQuery(name: string): string {
  return name.replace(/\?\S*/g, '')
}

/** A folder is imported file by file. */
function isFolder(path: string): boolean {
  return !withoutQuery(path).split('/').at(-1)?.includes('.')
}

/** A name without folders, though the request has them, may be that of another file. */
function isShownBare({ text: wanted, size }: Name, shown: string): boolean {
  const [mine, theirs] = [pathsOf(wanted, size), pathsOf(shown, size)]
  return mine.some((path, i) => path.includes('/') && !(theirs[i] ?? '').includes('/'))
}

/**
 * Every wanted group with one that is shown, or undefined where some is left over. The ends of paths make a tree, in which
 * two names fit if one lies above the other: so the longest name may take the longest that fits it.
 */
function pairUp(wanted: readonly Name[], shown: Shown): readonly (readonly [Name, string])[] | undefined {
  const pairs: [Name, string][] = []
  const left = new Map<string, Name[]>()
  for (const name of wanted) {
    const bucket = left.get(lastPart(name.text))
    if (bucket === undefined) left.set(lastPart(name.text), [name])
    else bucket.push(name)
  }
  const others: string[] = []
  for (const text of shown) {
    const bucket = left.get(lastPart(text)) ?? []
    const at = bucket.findIndex((name) => name.text === text)
    const [name] = at < 0 ? [] : bucket.splice(at, 1)
    if (name === undefined) others.push(text)
    else pairs.push([name, text])
  }
  for (const text of others.toSorted((a, b) => b.length - a.length)) {
    const bucket = left.get(lastPart(text)) ?? []
    const name = bucket.filter((one) => isSame(one, text)).toSorted((a, b) => b.text.length - a.text.length)[0]
    if (name === undefined) return undefined
    bucket.splice(bucket.indexOf(name), 1)
    pairs.push([name, text])
  }
  return pairs
}

function isSame({ text: wanted, size }: Name, shown: string): boolean {
  const [mine, theirs] = [pathsOf(wanted, size), pathsOf(shown, size)]
  return mine.length === theirs.length && mine.every((path, i) => endsAlike(path, theirs[i] ?? ''))
}

/** A path may hold blanks, so that only a group is split. */
function pathsOf(text: string, size: number): readonly string[] {
  return size === 1 ? [text] : text.split(' ')
}

function endsAlike(one: string, other: string): boolean {
  return one === other || one.endsWith(`/${other}`) || other.endsWith(`/${one}`)
}

function lastPart(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1)
}
