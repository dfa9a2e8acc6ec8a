/** The memory of a process after so many polls, all garbage collected. */
export interface Sample {
  readonly poll: number
  /** What the program holds on to, on the heap and beside it. */
  readonly heldBytes: number
  readonly rssBytes: number
}

/** Samples are compared with those so many later: what one poll leaves behind is less than the noise of two samples. */
const APART = 10

/**
 * By how many bytes a poll memory went on growing over the later half of the polls: the median, so that a step which an
 * engine takes once, for code that it compiles or room that it makes, does not count as growth.
 */
export function growthPerPoll(samples: readonly Sample[], of: 'heldBytes' | 'rssBytes'): number {
  const later = samples.slice(Math.floor(samples.length / 2))
  const rates = later.slice(APART).map((sample, i) => {
    const earlier = later[i]!
    return (sample[of] - earlier[of]) / (sample.poll - earlier.poll)
  })
  if (rates.length === 0) throw new RangeError('too few samples')
  return rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)]!
}

/**
 * More than this is growth. An engine that still warms up compiles code and makes room for it: the shorter the wait, the
 * more of that there is a poll. Each is less than half of a leak that the soak lets happen, to see that it is noticed.
 */
export const MOST_HELD_BYTES_PER_POLL = { inSixHours: 2_000, in1000Polls: 1_000, in20000Polls: 80 }
export const MOST_RSS_BYTES_PER_POLL = { in20000Polls: 350 }
