import { createRequire } from 'node:module'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expressionsIn } from './expressions.ts'

/** What the checker says of an expression. */
type Verdict =
  | { readonly status: 'safe' }
  | { readonly status: 'vulnerable'; readonly attack: { readonly pattern: string } }
  | { readonly status: 'unknown'; readonly error: { readonly kind: string } }

// Installed for this tool alone, so nothing else may need it to compile.
const { check } = createRequire(__filename)('recheck') as {
  readonly check: (pattern: string, flags: string, options: { readonly timeout: number }) => Promise<Verdict>
}

const PACKAGES = join(__dirname, '..', '..', '..', 'packages')

/** Sources that make expressions from texts: of the application, or alternatives that are checked one by one. */
const MAKERS: ReadonlySet<string> = new Set([
  'core/src/operation/errors/exception.ts',
  'core/src/http/client/policy.ts',
  'express/src/pattern-source.ts',
  'express/src/pattern.ts',
  'express/src/place.ts',
  'kafkajs/src/failure.ts',
  'koa/src/mount.ts',
  'sdk/src/record/redaction.ts',
])

/** Milliseconds for one expression: where no binary of the checker fits the machine, it is much slower. */
const TIMEOUT = 120_000

/** Fails when a regular expression of the packages can take more time than in proportion to its input. */
async function main(): Promise<void> {
  const problems: string[] = []
  let count = 0
  if ((await check('^ +| +$', 'g', { timeout: TIMEOUT })).status !== 'vulnerable') {
    problems.push('the checker takes a quadratic expression for a safe one')
  }
  for (const file of sources()) {
    const { expressions, makesSome } = expressionsIn(readFileSync(join(PACKAGES, file), 'utf8'))
    if (makesSome && !MAKERS.has(file)) problems.push(`${file} makes a regular expression from a text`)
    count += expressions.length
    for (const { pattern, flags } of expressions) {
      const verdict = await check(pattern, flags, { timeout: TIMEOUT })
      if (verdict.status === 'safe') continue
      const why = verdict.status === 'unknown' ? verdict.error.kind : `attacked by ${verdict.attack.pattern}`
      problems.push(`${file} /${pattern}/${flags}: ${verdict.status}, ${why}`)
    }
  }
  for (const problem of problems) console.error(problem)
  console.log(`${count} regular expressions, ${problems.length} problems`)
  if (problems.length > 0 || count === 0) process.exitCode = 1
}

function sources(): string[] {
  return readdirSync(PACKAGES).flatMap(name =>
    readdirSync(join(PACKAGES, name, 'src'), { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts'))
      .map(file => `${name}/src/${file}`),
  )
}

void main()
