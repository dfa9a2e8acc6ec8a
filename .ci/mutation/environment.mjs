// Jest's environment for the mutation test.
import * as fastCheck from 'fast-check'
import TestEnvironment from '../../__tests__/support/environment.mjs'

// What takes long and holds no more than others do, and what runs `dist` in a process of its own, where there are no mutants.
const LEFT_OUT = /takes a quarter of a megabyte|costs three requests a round|^the whole step|^a handshake that hangs/

function isLeftOut({ name, parent }) {
  return LEFT_OUT.test(name) || (parent !== undefined && isLeftOut(parent))
}

export default class extends TestEnvironment {
  #failed = false

  constructor(...args) {
    super(...args)
    this.global.fastCheck = quick
  }

  /** Skips what is left out, and the rest of a file once a test of it has failed: the mutant is dead. */
  handleTestEvent = ({ name, test }) => {
    if (name === 'test_done' && test.errors.length > 0) this.#failed = true
    if (name === 'test_start' && (this.#failed || isLeftOut(test))) test.mode = 'skip'
    // Stryker waits for the end of a test that was skipped, and would take what the next file loads for covered by it.
    if (name === 'test_skip') this.global[this.global.__strykerGlobalNamespace__].currentTestId = undefined
  }
}

// At most a hundred cases, the same for every mutant, and no search for the smallest failure.
const quick = {
  ...fastCheck,
  assert: (property, parameters = {}) =>
    fastCheck.assert(property, {
      ...parameters,
      numRuns: Math.min(parameters.numRuns ?? 100, 100),
      seed: 1,
      endOnFailure: true,
    }),
}
