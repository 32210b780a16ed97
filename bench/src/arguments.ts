import { parseArgs } from 'node:util'

import { VARIANTS } from './configurations.ts'
import { LIBRARIES } from './libraries.ts'
import type { Library, Variant } from './measured/protocol.ts'

/** What is asked for on the command line. */
export interface Arguments {
  readonly mode: 'overhead' | 'memory' | 'help'
  readonly libraries: readonly Library[]
  readonly variants: readonly Variant[]
  readonly pace: Pace
  /** Major version of Node for the measured processes. */
  readonly node: string
  readonly isQuick: boolean
  /** Whether results.json and docs/performance.md are written. */
  readonly isWritten: boolean
  /** Folder for CPU profiles of the measured processes. */
  readonly profile: string | undefined
}

/** How long everything is measured. */
export interface Pace {
  /** How often everything is started afresh. */
  readonly generations: number
  /** Rounds in each generation. */
  readonly rounds: number
  /** Seconds of load before the first round. */
  readonly warmUp: number
  /** Seconds of load before each round: a process that waited for its turn is cold. */
  readonly leadIn: number
  /** Seconds in which CPU time is measured, in each round. */
  readonly measured: number
  /** Seconds in which allocations and delays are counted, after the last round. */
  readonly counted: number
  /** How often a process is started to see how long that takes. */
  readonly starts: number
}

const FULL: Pace = { generations: 1, rounds: 5, warmUp: 3, leadIn: 0.3, measured: 1, counted: 1, starts: 5 }
const QUICK: Pace = {
  generations: 1,
  rounds: 1,
  warmUp: 0.1,
  leadIn: 0,
  measured: 0.2,
  counted: 0.1,
  starts: 1,
}

/** The long-term support release. */
const NODE = '24'

export const HELP = `npm run bench -- [library …] [options]
npm run bench -- memory [--quick]

  library             ${LIBRARIES.map(({ name }) => name).join(', ')};
                      or grpc, http or kafkajs for both of theirs. Default: all
  --variant <name>    one of ${VARIANTS.join(', ')}; may be repeated. Default: all
  --quick             one short round of everything
  --generations <n>   how often every process is started afresh. Default: ${FULL.generations}
  --rounds <n>        rounds in each generation. Default: ${FULL.rounds}
  --seconds <n>       seconds of measuring per process and round. Default: ${FULL.measured}
  --warm-up <n>       seconds of load before the first round. Default: ${FULL.warmUp}
  --node <major>      version of Node that is measured, from npm. Default: ${NODE}
  --profile <folder>  write a CPU profile of every measured process there

results.json and docs/performance.md are written by a run of everything that is not quick, and the latter by a memory run
that is not quick; any other run only shows its table. --write writes them anyway.`

/**
 * Reads the command line.
 * @throws TypeError when it holds what is not known
 */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      variant: { type: 'string', multiple: true, default: [] },
      generations: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      node: { type: 'string', default: NODE },
      profile: { type: 'string' },
    },
  })
  const isMemory = positionals.includes('memory')
  const names = positionals.filter(name => name !== 'memory')
  const pace = values.quick ? QUICK : FULL
  const isEverything = names.length === 0 && values.variant.length === 0
  return {
    mode: values.help ? 'help' : isMemory ? 'memory' : 'overhead',
    libraries: librariesNamed(names),
    variants: variantsNamed(values.variant),
    pace: {
      ...pace,
      generations: positive('--generations', values.generations, pace.generations),
      rounds: positive('--rounds', values.rounds, pace.rounds),
      measured: positive('--seconds', values.seconds, pace.measured),
      warmUp: positive('--warm-up', values['warm-up'], pace.warmUp),
    },
    node: values.node,
    isQuick: values.quick,
    profile: values.profile,
    isWritten: values.write || (isEverything && !values.quick),
  }
}

function librariesNamed(names: readonly string[]): Library[] {
  for (const name of names) {
    if (LIBRARIES.some(library => library.name === name || library.family === name)) continue
    const known = LIBRARIES.map(library => library.name).join(', ')
    throw new TypeError(`unknown library '${name}': expected some of ${known}, or memory`)
  }
  return LIBRARIES.filter(
    ({ name, family }) => names.length === 0 || names.includes(name) || isFamily(names, family),
  ).map(({ name }) => name)
}

/** `undici` is a library of its own, and does not mean fetch. */
function isFamily(names: readonly string[], family: string): boolean {
  return names.includes(family) && LIBRARIES.every(({ name }) => name !== family)
}

function variantsNamed(names: readonly string[]): Variant[] {
  for (const name of names) {
    if ((VARIANTS as readonly string[]).includes(name)) continue
    throw new TypeError(`--variant: unknown '${name}': expected one of ${VARIANTS.join(', ')}`)
  }
  return VARIANTS.filter(variant => names.length === 0 || variant === 'bare' || names.includes(variant))
}

function positive(option: string, text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  throw new TypeError(`${option}: expected a number above 0, got '${text}'`)
}
