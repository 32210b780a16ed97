import { diag } from '@opentelemetry/api'
import { show } from '@spanwright/core/plugin'

/** The variables of a process. */
export type Variables = Readonly<Record<string, string | undefined>>

/** The largest number that the specification asks for, and the longest that a timer of Node can wait, in ms. */
const MOST = 2 ** 31 - 1

/** Reads `OTEL_*` variables: empty is not set, and what cannot be used gives one warning and the default. */
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

  /** A whole number from a least one to a most one. */
  count(name: string, fallback: number, least = 1, most: number = MOST): number {
    const value = this.text(name)
    if (value === undefined) return fallback
    const number = Number(value)
    if (Number.isInteger(number) && number >= least && number <= most) return number
    this.refuse(name, `a whole number from ${least} to ${most}`, fallback)
    return fallback
  }

  /** Milliseconds that something may take; as the specification has it, 0 is no limit: Infinity. */
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

  /** Some of the known words, each once; unknown ones are left out, and `none` beside others. */
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

  /** Says of variables that are set that nothing here follows them. */
  ignore(...names: readonly string[]): void {
    for (const name of names) {
      if (this.text(name) !== undefined) this.warn(name, 'is not supported and has no effect')
    }
  }

  /** Says that a variable could not be used. */
  refuse(name: string, expected: string, used: unknown): void {
    this.warn(name, `must be ${expected}; got ${show(this.text(name))}; ${show(used)} is used instead`)
  }

  /** Says something about a variable, once. */
  warn(name: string, problem: string): void {
    if (this.warned.has(name)) return
    this.warned.add(name)
    diag.warn(`spanwright: ${name} ${problem}`)
  }
}
