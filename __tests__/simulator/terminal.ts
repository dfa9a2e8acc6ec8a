import { stripVTControlCharacters, styleText } from 'node:util'

/** A line of a step's output as a person sees it in a log on GitHub; undefined where nothing is shown. */
export function asOnGitHub(line: string): string | undefined {
  const [, command = '', message = ''] = /^::([\w-]+)(?: [^:]*)?::(.*)$/.exec(line) ?? []
  switch (command) {
    case 'error':
      return paint('red', `Error: ${unescaped(message)}`)
    case 'warning':
      return paint('yellow', `Warning: ${unescaped(message)}`)
    case 'notice':
      return `Notice: ${unescaped(message)}`
    case 'group':
      return paint('bold', `▼ ${unescaped(message)}`)
    case 'debug':
    case 'add-mask':
    case 'endgroup':
      return undefined
    default:
      return showsColors() ? line : stripVTControlCharacters(line)
  }
}

/** Names and values in two columns, each value on one line and cut where the line would get too long. */
export function inColumns(rows: Iterable<readonly [name: string, value: string]>, width = columns()): string {
  const list = [...rows]
  const nameWidth = Math.max(0, ...list.map(([name]) => name.length))
  const valueWidth = Math.max(20, width - nameWidth - 4)
  return list.map(([name, value]) => `  ${name.padEnd(nameWidth)}  ${cut(oneLine(value), valueWidth)}`).join('\n')
}

/** Color where a terminal shows it and nobody has asked for none. */
export function paint(style: 'red' | 'green' | 'yellow' | 'bold' | 'dim', text: string): string {
  return showsColors() ? styleText(style, text) : text
}

function showsColors() {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined
}

function unescaped(message: string) {
  return message.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function oneLine(value: string) {
  return stripVTControlCharacters(value).replace(/\s*\n\s*/g, ' ')
}

function cut(value: string, width: number) {
  return value.length <= width ? value : `${value.slice(0, width - 1)}…`
}

function columns() {
  return process.stdout.isTTY ? process.stdout.columns : 120
}
