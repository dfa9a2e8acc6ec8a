import { NameMap, trim } from './dotnet.ts'
import type { Masker } from './masking.ts'

/** The kinds of annotation, each with its own limit. */
export type AnnotationType = 'error' | 'warning' | 'notice'

/** One annotation as GitHub receives it. */
export interface Annotation {
  readonly type: AnnotationType
  readonly title: string | undefined
  readonly message: string
}

// https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ExecutionContext.cs#L144-L146
const MOST_PER_TYPE = 10
const LONGEST_MESSAGE = 4096

/** Keeps the annotations of a step within the runner's limits. */
export class Annotations {
  readonly kept: Annotation[] = []
  readonly dropped: Annotation[] = []
  readonly #counts = { error: 0, warning: 0, notice: 0 }
  readonly #masker: Masker

  constructor(masker: Masker) {
    this.#masker = masker
  }

  /**
   * Takes an annotation in and returns its message as the log shows it: masked first, then cut, in UTF-16 units. The title
   * is neither masked nor cut.
   * https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Runner.Worker/ExecutionContext.cs#L796-L872
   */
  add(type: AnnotationType, message: string, properties: NameMap = new NameMap()): string {
    const shown = this.#masker.mask(message).slice(0, LONGEST_MESSAGE)
    const annotation = { type, title: properties.get('title'), message: shown }
    if (this.#counts[type] >= MOST_PER_TYPE) {
      this.dropped.push(annotation)
      return shown
    }
    this.#counts[type] += 1
    // A blank message takes a place and is never sent.
    // https://github.com/actions/runner/blob/258d6c857db3519913f7deb6004b60172f8043ae/src/Sdk/RSWebApi/Contracts/IssueExtensions.cs#L9-L16
    if (trim(shown) !== '') this.kept.push(annotation)
    return shown
  }
}
