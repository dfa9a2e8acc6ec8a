/** The memory of a process after so many looks, all garbage collected. */
export interface Sample {
  readonly look: number
  /** What the program holds on to, on the heap and beside it. */
  readonly heldBytes: number
  readonly rssBytes: number
}

/** Samples are compared with those so many later: what one look leaves behind is less than the noise of two samples. */
const APART = 10

/**
 * By how many bytes a look memory went on growing over the later half of the looks: the median, so that a step which an
 * engine takes once, for code that it compiles or room that it makes, does not count as growth.
 */
export function growthPerLook(samples: readonly Sample[], of: 'heldBytes' | 'rssBytes'): number {
  const later = samples.slice(Math.floor(samples.length / 2))
  const rates = later.slice(APART).map((sample, i) => {
    const earlier = later[i]!
    return (sample[of] - earlier[of]) / (sample.look - earlier.look)
  })
  if (rates.length === 0) throw new RangeError('too few samples')
  return rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)]!
}

/**
 * More than this is growth. An engine that still warms up compiles code and makes room for it: the shorter the wait, the
 * more of that there is a look. Each is less than half of a leak that the soak lets happen, to see that it is noticed.
 */
export const MOST_HELD_BYTES_PER_LOOK = { inSixHours: 2_000, in1000Looks: 1_000, in20000Looks: 80 }
export const MOST_RSS_BYTES_PER_LOOK = { in20000Looks: 350 }
