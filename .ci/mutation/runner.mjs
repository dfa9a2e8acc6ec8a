// Jest's runner for the mutation test. Each mutant is a run of Jest, so it loads only the files that hold a test which reaches
// the mutant, the quick ones first, and stops at the first failure: neither Jest nor Stryker does that by itself.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import TestRunner from 'jest-runner'

export default class extends TestRunner {
  async runTests(tests, watcher, options) {
    const rootDir = tests[0]?.context.config.rootDir ?? ''
    const book = join(rootDir, 'tests-of-files.json')
    const pattern = this._globalConfig.testNamePattern
    const known = read(book)
    const seen = {}
    let failed = false
    this.on('test-file-failure', () => void (failed = true))
    this.on('test-file-success', ([test, result]) => {
      failed ||= result.numFailingTests > 0 || result.testExecError !== undefined
      seen[test.path] = {
        names: result.testResults.map(({ fullName }) => fullName),
        ms: result.perfStats.end - result.perfStats.start,
      }
    })

    const wanted = pattern ? tests.filter(({ path }) => holds(known[path], new RegExp(pattern, 'i'))) : tests
    wanted.sort((a, b) => (known[a.path]?.ms ?? 0) - (known[b.path]?.ms ?? 0))
    for (const test of wanted) {
      if (!failed) await super.runTests([test], watcher, options)
    }
    // Without a pattern and a failure it is the first run, of the code as it is.
    if (!pattern && !failed && Object.keys(known).length === 0) writeFileSync(book, JSON.stringify(seen))
  }
}

function holds(file, pattern) {
  return file === undefined || file.names.some((name) => pattern.test(name))
}

function read(book) {
  try {
    return JSON.parse(readFileSync(book, 'utf8'))
  } catch {
    return {}
  }
}
