import type { Match } from './internals.ts'

/** Replaces a part of a path, to find the parameter it belongs to. */
const PROBE = 'spanwright'

/** A pattern has one form per combination of optional parts; a regular expression can have any number. */
const MOST_FACES = 16

/** Used for a pattern that cannot be determined. */
const UNKNOWN = '/*'

/**
 * The pattern behind a matcher that does not expose it (Express 5 with a router before 2.3): found by matching the path
 * again with one part changed, and checking which parameter changes.
 */
export class ProbedPattern {
  private readonly matcher: (path: string) => Match | false
  /** Keyed by the lower-case pattern, since paths are matched case-insensitively. */
  private readonly faces = new Map<string, string>()

  constructor(matcher: (path: string) => Match | false) {
    this.matcher = matcher
  }

  match(path: string): Match | undefined {
    try {
      return this.matcher(path) || undefined
    } catch {
      return undefined
    }
  }

  /** The pattern of a match, in the spelling seen first. */
  patternOf(match: Match): string {
    const pattern = this.probe(match)
    const key = pattern.toLowerCase()
    const known = this.faces.get(key)
    if (known !== undefined) return known
    if (this.faces.size >= MOST_FACES) return UNKNOWN
    this.faces.set(key, pattern)
    return pattern
  }

  private probe(match: Match): string {
    const names = Object.keys(match.params)
    const path = match.path.replace(/\/$/, '')
    if (names.length === 0) return path
    // Groups of a regular expression have numbers.
    if (names.some(name => /^\d+$/.test(name))) return UNKNOWN
    const parts = path.split('/')
    const pattern: string[] = []
    parts.forEach((part, index) => {
      const shown = part === '' ? '' : this.partOf(match, names, parts, index)
      // A wildcard covers several parts.
      if (!shown.startsWith('*') || pattern.at(-1) !== shown) pattern.push(shown)
    })
    return pattern.join('/')
  }

  private partOf(match: Match, names: readonly string[], parts: readonly string[], index: number): string {
    const whole = this.changedBy(match, names, parts, index, PROBE)
    if (whole !== undefined) return (Array.isArray(match.params[whole]) ? '*' : ':') + whole
    return names.reduce((part, name) => {
      const value = match.params[name]
      if (typeof value !== 'string' || value === '' || !part.includes(value)) return part
      const changed = part.replace(value, PROBE)
      return this.changedBy(match, [name], parts, index, changed) === name
        ? part.replace(value, `:${name}`)
        : part
    }, parts[index] ?? '')
  }

  /** Name of the parameter that changes when this part changes. */
  private changedBy(
    match: Match,
    names: readonly string[],
    parts: readonly string[],
    index: number,
    part: string,
  ): string | undefined {
    const changed = this.match(parts.with(index, part).join('/'))
    return changed && names.find(name => String(changed.params[name]) !== String(match.params[name]))
  }
}
