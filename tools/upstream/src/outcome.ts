/** Which tests passed and failed. */
export interface Outcome {
  readonly passed: number
  /** Names of the failed tests. */
  readonly failed: ReadonlySet<string>
}

/** Reads the output of mocha's reporter `json`. */
export function readMocha(text: string): Outcome {
  const { stats, failures } = JSON.parse(text) as {
    readonly stats: { readonly passes: number }
    readonly failures: readonly { readonly fullTitle: string }[]
  }
  return { passed: stats.passes, failed: new Set(failures.map(({ fullTitle }) => fullTitle)) }
}

/** Reads the output of Jest's option `--json`. */
export function readJest(text: string): Outcome {
  const { testResults } = JSON.parse(text) as {
    readonly testResults: readonly {
      readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
    }[]
  }
  const results = testResults.flatMap(({ assertionResults }) => assertionResults)
  const named = (wanted: string) => results.filter(({ status }) => status === wanted)
  return { passed: named('passed').length, failed: new Set(named('failed').map(({ fullName }) => fullName)) }
}

/** Reads TAP as ava writes it. */
export function readAva(text: string): Outcome {
  const results = [...text.matchAll(/^(not )?ok \d+ - (.*?)(?: # (SKIP|TODO).*)?$/gm)].filter(
    ([, , , directive]) => directive === undefined,
  )
  const failed = results.filter(([, not]) => not !== undefined).map(([, , name = '']) => name)
  return { passed: results.length - failed.length, failed: new Set(failed) }
}

/** Reads lines of name and success. */
export function readLines(text: string): Outcome {
  const results = text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as [string, boolean])
  return {
    passed: results.filter(([, isPassed]) => isPassed).length,
    failed: new Set(results.filter(([, isPassed]) => !isPassed).map(([name]) => name)),
  }
}

/**
 * The tests that failed with tracing in every run, and without it in none: a flaky test eventually fails with both.
 */
export function newFailures(bare: readonly Outcome[], traced: readonly Outcome[]): string[] {
  const [first, ...others] = traced
  return [...(first?.failed ?? [])].filter(
    name => others.every(({ failed }) => failed.has(name)) && !bare.some(({ failed }) => failed.has(name)),
  )
}
