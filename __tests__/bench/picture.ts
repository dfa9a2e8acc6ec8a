import { mean } from './play.ts'
import type { Played } from './score.ts'

const WIDTH = 720
const HEIGHT = 400
const PLOT = { left: 62, right: 600, top: 22, bottom: 344 }

/** Colours with enough contrast on white as well as on GitHub's dark grey. */
const AUTO_COLOUR = '#2f81f7'
const OTHER_COLOUR = '#8b949e'
const TEXT_COLOUR = '#7d8590'

interface Point {
  readonly looks: number
  readonly delaySeconds: number
}

/** One line a strategy: fixed pauses are one strategy with several settings. */
interface Series {
  readonly label: string
  readonly colour: string
  readonly points: readonly Point[]
}

/** Delay against looks over long imports as an SVG, both axes logarithmic: the lower left corner is where to be. */
export function picture(played: readonly Played[]): string {
  const names = Object.keys(played[0]?.strategies ?? {})
  const series = seriesOf(played, names)
  const points = series.flatMap((one) => one.points)
  const x = axis(
    points.map(({ looks }) => looks),
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
    `<title>Mean delay against looks, imports of five minutes and more</title>`,
    ...x.ticks.map(
      (tick) =>
        `<path d="M${x.at(tick)} ${PLOT.top}V${PLOT.bottom}" stroke="${OTHER_COLOUR}" stroke-opacity=".25"/><text x="${x.at(tick)}" y="${PLOT.bottom + 18}" text-anchor="middle">${tick}</text>`,
    ),
    ...y.ticks.map(
      (tick) =>
        `<path d="M${PLOT.left} ${y.at(tick)}H${PLOT.right}" stroke="${OTHER_COLOUR}" stroke-opacity=".25"/><text x="${PLOT.left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${tick} s</text>`,
    ),
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 42}" text-anchor="middle">looks a minute</text>`,
    `<text transform="translate(14 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">mean delay</text>`,
    ...series.map((one) => drawn(one, x.at, y.at)),
    `</svg>\n`,
  ].join('\n')
}

function drawn(
  { label, colour, points }: Series,
  x: (looks: number) => number,
  y: (delaySeconds: number) => number,
): string {
  const places = points.map(({ looks, delaySeconds }) => [x(looks), y(delaySeconds)] as const)
  const last = places.at(-1) ?? [0, 0]
  const line =
    places.length > 1 ? `<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>` : ''
  const dots = places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="4" fill="${colour}"/>`).join('')
  const weight = colour === AUTO_COLOUR ? ' font-weight="bold"' : ''
  return `${line}${dots}<text x="${last[0] + 9}" y="${last[1] + 4}" fill="${colour}"${weight}>${label}</text>`
}

function seriesOf(played: readonly Played[], names: readonly string[]): readonly Series[] {
  const pointOf = (name: string): Point => ({
    looks: mean(
      played.map(({ durationSeconds, strategies }) => ((strategies[name]?.looks ?? NaN) * 60) / durationSeconds),
    ),
    delaySeconds: mean(played.map(({ strategies }) => strategies[name]?.meanDelaySeconds ?? NaN)),
  })
  const isFixed = (name: string) => name.startsWith('fixed-')
  const fixed = names.filter(isFixed)
  const pauses = fixed.map((name) => name.slice('fixed-'.length, -1))
  return [
    {
      label: `every ${pauses.at(0) ?? ''} to ${pauses.at(-1) ?? ''} s`,
      colour: OTHER_COLOUR,
      points: fixed.map(pointOf).toReversed(),
    },
    ...names
      .filter((name) => !isFixed(name))
      .map((name) => ({ label: name, colour: name === 'auto' ? AUTO_COLOUR : OTHER_COLOUR, points: [pointOf(name)] })),
  ]
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
