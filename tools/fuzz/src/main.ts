import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = join(__dirname, '..', '..', '..')

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string' } },
  allowPositionals: true,
})
const seconds = Number(values.seconds)
if (!(seconds > 0)) throw new TypeError(`--seconds: expected a number above 0; got ${values.seconds}`)
const { seed } = values
if (seed !== undefined && !/^\d{1,9}$/.test(seed)) {
  throw new TypeError(`--seed: expected a whole number of at most nine digits; got ${seed}`)
}

/** Test files that generate their input, or run a suite that does. */
function propertyTests(): string[] {
  return ['packages', 'tools'].flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter(path => path.endsWith('.test.ts') && !path.includes('node_modules'))
      .map(path => join(folder, path))
      .filter(path =>
        /fast-check|properties\.test/.test(`${path} ${readFileSync(join(ROOT, path), 'utf8')}`),
      ),
  )
}

const chosen = propertyTests().filter(
  path => positionals.length === 0 || positionals.some(part => path.includes(part)),
)
if (chosen.length === 0) throw new TypeError(`no property test has a path with ${positionals.join(' or ')}`)
console.log(`${seconds} s for each property of\n${chosen.map(path => `  ${path}`).join('\n')}`)

const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')
const { status } = spawnSync(
  process.execPath,
  [jest, '--config', join(ROOT, 'tools', 'fuzz', 'jest.config.ts'), '--runTestsByPath', ...chosen],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, FUZZ_SECONDS: String(seconds), FUZZ_SEED: seed } },
)
process.exitCode = status ?? 1
