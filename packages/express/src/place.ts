import { firstMatch, join, type Pattern, restOf } from './pattern.ts'

/** Where a route is registered: the patterns of every mount on the way to it, then its own. */
export class Place {
  private readonly patterns: readonly (readonly Pattern[])[]
  /** The whole pattern and what matches each part of it, when every part is of the usual kind. */
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
   * The whole pattern; undefined when it does not match the path, or when no mount ends where the base path does: then
   * the request came to the route by another way.
   * @param base length of the base path, which Express took off the path or has put back after an error
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

/** True when a rest begins where the base path ends; a slash may have been put in front of it. */
function isAt(path: string, rest: string, base: number): boolean {
  return path.length - rest.length === base || (rest === '/' && path.length === base)
}

/** True at the end of a path, which may be a slash that the pattern lacks. */
function isEnd(path: string, at: number): boolean {
  return at === path.length || (at === path.length - 1 && path.endsWith('/'))
}

/** A literal, or a parameter that is a whole part of the path. */
const SIMPLE_PART = /^(?:[\w.~-]*|:\w+)$/

/** True for a pattern of simple parts, which every version of Express reads the same way. */
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
