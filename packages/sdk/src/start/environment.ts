import { diag } from '@opentelemetry/api'
import { show } from '@spanwright/core/plugin'

/** The variables of a process. */
export type Variables = Readonly<Record<string, string | undefined>>

/** The largest number required by the specification, and the longest time a Node timer can wait, in ms. */
const MOST = 2 ** 31 - 1

/**
 * Reads `OTEL_*` variables: an empty one counts as not set, and an invalid one logs one warning and gives the default.
 */
export class Environment {
  private readonly variables: Variables
  private readonly warned = new Set<string>()

  constructor(variables: Variables) {
    this.variables = variables
  }

  text(name: string): string | undefined {
    const value = this.variables[name]?.trim()
    return value === '' ? undefined : value
  }

  /** The first of some variables that is set. */
  firstOf(...names: readonly string[]): string | undefined {
    return names.find(name => this.text(name) !== undefined)
  }

  isTrue(name: string): boolean {
    const value = this.text(name)?.toLowerCase()
    if (value === undefined || value === 'false') return false
    if (value !== 'true') this.refuse(name, 'true or false', 'false')
    return value === 'true'
  }

  /** An integer within bounds. */
  count(name: string, fallback: number, least = 1, most: number = MOST): number {
    const value = this.text(name)
    if (value === undefined) return fallback
    const number = Number(value)
    if (Number.isInteger(number) && number >= least && number <= most) return number
    this.refuse(name, `a whole number from ${least} to ${most}`, fallback)
    return fallback
  }

  /** A time limit in milliseconds; 0 means no limit, as specified, and gives Infinity. */
  timeLimit(name: string, fallback: number): number {
    return this.count(name, fallback, 0) || Infinity
  }

  /** A share from 0 to 1. */
  ratio(name: string, fallback: number): number {
    const value = this.text(name)
    if (value === undefined) return fallback
    const number = Number(value)
    if (number >= 0 && number <= 1) return number
    this.refuse(name, 'a number from 0 to 1', fallback)
    return fallback
  }

  oneOf<const Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.text(name)?.toLowerCase()
    if (value === undefined) return fallback
    const choice = choices.find(known => known === value)
    if (choice === undefined) this.refuse(name, choices.join(', '), fallback)
    return choice ?? fallback
  }

  /** Known words, without duplicates; unknown ones are omitted, and so is `none` next to others. */
  listOf<const Choice extends string>(
    name: string,
    choices: readonly Choice[],
    fallback: readonly Choice[],
  ): readonly Choice[] {
    const value = this.text(name)?.toLowerCase()
    if (value === undefined) return fallback
    const words = [...new Set(value.split(',').map(word => word.trim()))].filter(word => word !== '')
    const known = words.flatMap(word => choices.filter(choice => choice === word))
    const others = known.filter(choice => choice !== 'none')
    const used = others.length > 0 ? others : known.length > 0 ? known : fallback
    if (used.length !== words.length || used === fallback)
      this.refuse(name, `some of ${choices.join(', ')}`, used.join(','))
    return used
  }

  /** Warns that set variables have no effect. */
  ignore(...names: readonly string[]): void {
    for (const name of names) {
      if (this.text(name) !== undefined) this.warn(name, 'is not supported and has no effect')
    }
  }

  /** Warns that a variable is invalid. */
  refuse(name: string, expected: string, used: unknown): void {
    this.warn(name, `must be ${expected}; got ${show(this.text(name))}; ${show(used)} is used instead`)
  }

  /** Warns about a variable, once. */
  warn(name: string, problem: string): void {
    if (this.warned.has(name)) return
    this.warned.add(name)
    diag.warn(`spanwright: ${name} ${problem}`)
  }
}
