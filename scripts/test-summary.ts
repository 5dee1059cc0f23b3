import type { Reporter, TestModule } from 'vitest/node'

/**
 * Ends every test run with one plain line, `N passed, N failed`, for programs that judge the run.
 * A file that could not be collected, and an error outside any test, count as failures.
 */
export default class TestSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]) {
    let passed = 0
    let failed = unhandledErrors.length
    let skipped = 0
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'failed') failed += 1
        else skipped += 1
      }
      failed += failuresOutsideTests(module)
    }
    const optional = skipped > 0 ? `, ${skipped} skipped` : ''
    // After the other reporters, whose summary comes in this same turn.
    setImmediate(() => process.stdout.write(`${passed} passed, ${failed} failed${optional}\n`))
  }
}

/** Import errors and failing hooks make no test fail, yet the run is not good. */
function failuresOutsideTests(module: TestModule): number {
  let failures = module.errors().length
  for (const suite of module.children.allSuites()) failures += suite.errors().length
  return failures
}
