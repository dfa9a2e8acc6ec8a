import { mean } from './score.ts'
import type { Played } from './score.ts'

const WIDTH = 720
const HEIGHT = 400
const PLOT = { left: 62, right: 600, top: 22, bottom: 344 }

/** Colors with enough contrast on white as well as on GitHub's dark grey. */
const AUTO_COLOUR = '#2f81f7'
const OTHER_COLOUR = '#8b949e'
const TEXT_COLOUR = '#7d8590'

interface Point {
  readonly polls: number
  readonly delaySeconds: number
}

/** The points of a line: imports of so many minutes and more, up to those of the next one. */
const FROM_MINUTES = [5, 15, 60, 120]

interface Series {
  readonly name: string
  /** One for each length of imports, the shortest first. */
  readonly points: readonly Point[]
}

/**
 * Delay against polls as an SVG, a line for each strategy, from shorter to longer imports. Both axes are logarithmic: the
 * lower left corner is where to be.
 */
export function picture(played: readonly Played[]): string {
  const series = Object.keys(played[0]?.strategies ?? {}).map((name) => seriesOf(name, played))
  const points = series.flatMap((one) => one.points)
  const x = axis(
    points.map(({ polls }) => polls),
    PLOT.left,
    PLOT.right,
  )
  const y = axis(
    points.map(({ delaySeconds }) => delaySeconds),
    PLOT.bottom,
    PLOT.top,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${TEXT_COLOUR}">`,
    `<title>Mean delay against polls an import, of 5, 15, 60, and 120 minutes and more</title>`,
    ...x.ticks.map(
      (tick) =>
        `<path d="M${x.at(tick)} ${PLOT.top}V${PLOT.bottom}" stroke="${OTHER_COLOUR}" stroke-opacity=".25"/><text x="${x.at(tick)}" y="${PLOT.bottom + 18}" text-anchor="middle">${tick}</text>`,
    ),
    ...y.ticks.map(
      (tick) =>
        `<path d="M${PLOT.left} ${y.at(tick)}H${PLOT.right}" stroke="${OTHER_COLOUR}" stroke-opacity=".25"/><text x="${PLOT.left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${tick} s</text>`,
    ),
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 42}" text-anchor="middle">polls an import of 5, 15, 60, and 120 minutes and more</text>`,
    `<text transform="translate(14 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">mean delay</text>`,
    ...series.map((one) => drawn(one, x.at, y.at)),
    `</svg>\n`,
  ].join('\n')
}

function drawn({ name, points }: Series, x: (polls: number) => number, y: (delaySeconds: number) => number): string {
  const isOurs = name === 'auto'
  const color = isOurs ? AUTO_COLOUR : OTHER_COLOUR
  const places = points.map(({ polls, delaySeconds }) => [x(polls), y(delaySeconds)] as const)
  const [right, height] = places.at(-1) ?? [0, 0]
  const line = `<polyline points="${places.join(' ')}" fill="none" stroke="${color}" stroke-width="${isOurs ? 3 : 1.5}"/>`
  const dots = places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="${isOurs ? 4 : 2.5}" fill="${color}"/>`)
  const weight = isOurs ? ' font-weight="bold"' : ''
  return `${line}${dots.join('')}<text x="${right + 9}" y="${height + 4}" fill="${color}"${weight}>${name}</text>`
}

function seriesOf(name: string, played: readonly Played[]): Series {
  const points = FROM_MINUTES.flatMap((minutes, i): readonly Point[] => {
    const untilMinutes = FROM_MINUTES[i + 1] ?? Infinity
    const scores = played
      .filter(({ durationSeconds }) => durationSeconds >= minutes * 60 && durationSeconds < untilMinutes * 60)
      .flatMap(({ strategies }) => strategies[name] ?? [])
    if (scores.length === 0) return []
    return [
      {
        polls: mean(scores.map(({ polls }) => polls)),
        delaySeconds: mean(scores.flatMap(({ delaysSeconds }) => delaysSeconds)),
      },
    ]
  })
  return { name, points }
}

/** A logarithmic axis around the values, with a tick at every 1, 2 and 5. */
function axis(values: readonly number[], from: number, to: number) {
  const [least, most] = [Math.min(...values) / 1.3, Math.max(...values) * 1.3]
  const at = (value: number) => Math.round(from + ((to - from) * Math.log(value / least)) / Math.log(most / least))
  const ticks = [-2, -1, 0, 1, 2, 3]
    .flatMap((power) => [1, 2, 5].map((digit) => Number((digit * 10 ** power).toPrecision(1))))
    .filter((tick) => tick >= least && tick <= most)
  return { at, ticks }
}
