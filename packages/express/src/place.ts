import { firstMatch, join, type Pattern, restOf } from './pattern.ts'

/** Where a route is registered: the patterns of all its mounts, then its own. */
export class Place {
  private readonly patterns: readonly (readonly Pattern[])[]
  /** The full pattern, when every part is simple. */
  private readonly text: string | undefined
  private readonly parts: readonly RegExp[] | undefined

  constructor(patterns: readonly (readonly Pattern[])[]) {
    this.patterns = patterns
    const texts = patterns.map(onlyTextOf)
    if (!texts.every(text => text !== undefined && isSimple(text))) return
    this.text = (texts as string[]).reduce(join, '') || '/'
    this.parts = (texts as string[]).map(simpleExpression)
  }

  /**
   * The full pattern; undefined when it does not match the path, or when no mount ends where the base path does,
   * because the request then reached the route in another way.
   * @param base length of the base path, which Express removed from the path or has restored after an error
   */
  patternOf(path: string, base: number): string | undefined {
    if (!this.parts) return this.matchAll(path, base)
    let at = 0
    let isBaseMet = base === 0
    for (const part of this.parts) {
      part.lastIndex = at
      if (!part.test(path)) return undefined
      at = part.lastIndex
      if (at === base) isBaseMet = true
    }
    return isBaseMet && isEnd(path, at) ? this.text : undefined
  }

  private matchAll(path: string, base: number): string | undefined {
    let rest = path
    let whole = ''
    let isBaseMet = base === 0
    for (const alternatives of this.patterns) {
      const match = firstMatch(alternatives, rest)
      if (!match) return undefined
      whole = join(whole, match.text)
      rest = restOf(rest, match)
      if (isAt(path, rest, base)) isBaseMet = true
    }
    return isBaseMet ? whole || '/' : undefined
  }
}

function onlyTextOf(alternatives: readonly Pattern[]): string | undefined {
  return alternatives.length === 1 ? alternatives[0]?.text : undefined
}

/** True when the rest begins where the base path ends; a slash may have been prepended to it. */
function isAt(path: string, rest: string, base: number): boolean {
  return path.length - rest.length === base || (rest === '/' && path.length === base)
}

/** True at the end of a path, ignoring a trailing slash that the pattern lacks. */
function isEnd(path: string, at: number): boolean {
  return at === path.length || (at === path.length - 1 && path.endsWith('/'))
}

/** A literal, or a parameter that is a whole path segment. */
const SIMPLE_PART = /^(?:[\w.~-]*|:\w+)$/

/** True for a pattern of simple segments, which every version of Express interprets the same way. */
function isSimple(text: string): boolean {
  return text.split('/').every(part => SIMPLE_PART.test(part))
}

/** Matches a simple pattern at `lastIndex`. */
function simpleExpression(text: string): RegExp {
  const parts = text.split('/').filter(part => part !== '')
  const source = parts.map(
    part => `/${part.startsWith(':') ? '[^/]+' : part.replaceAll('.', String.raw`\.`)}`,
  )
  return new RegExp(`${source.join('')}(?=/|$)`, 'iy')
}
