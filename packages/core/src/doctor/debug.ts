import { isHeard, say } from '../host/diagnostics.ts'
import { attempt } from '../host/guard.ts'
import { diagnose } from './diagnosis.ts'
import type { EntryPointUse } from './entry-points.ts'
import { watchResponses } from './responses.ts'

// A registered symbol, so that several copies of this package report once.
const DEBUG = Symbol.for('spanwright.debug')

interface Registry {
  [DEBUG]?: { isTaken: boolean }
}

/** Whether `SPANWRIGHT_DEBUG` requests reports. */
export function isDebugging(): boolean {
  const value = process.env['SPANWRIGHT_DEBUG']?.trim() ?? ''
  return value !== '' && value !== '0' && value !== 'false'
}

/**
 * With `SPANWRIGHT_DEBUG=1`, reports at process end which entry points traced and which problems were found, with any
 * SDK.
 */
export function debugAtExit(): void {
  const registry = globalThis as Registry
  if (registry[DEBUG] || !isDebugging()) return
  const debug = (registry[DEBUG] = { isTaken: false })
  watchResponses()
  process.on('exit', () => {
    if (!debug.isTaken) attempt('reporting at the end', sayDiagnosis)
  })
}

/** Leaves that report to a caller that knows more. */
export function takeDebugging(): void {
  debugAtExit()
  const debug = (globalThis as Registry)[DEBUG]
  if (debug) debug.isTaken = true
}

/** Formats the entry points as one string. */
export function showEntryPoints(entryPoints: Readonly<Record<string, EntryPointUse>>): string {
  const uses = Object.entries(entryPoints).map(
    ([name, { calls, operations }]) => `${name}${calls === 1 ? '' : ` ×${calls}`} (${operations} operations)`,
  )
  return uses.join(', ') || 'no plugin'
}

function sayDiagnosis(): void {
  const { entryPoints, problems } = diagnose({ isEnding: true })
  tell(`spanwright: traced by ${showEntryPoints(entryPoints)}`)
  for (const problem of problems) tell(`spanwright: ${problem}`)
}

/** Explicitly requested by the variable, so it is written even when no logger is registered. */
function tell(line: string): void {
  if (isHeard()) say('warn', line)
  else process.stderr.write(`${line}\n`)
}
