import { ProbedPattern } from './pattern-probe.ts'
import { pathsOf } from './pattern-source.ts'
import { type App, type Layer, layerLike, type Route, routerOf } from './internals.ts'

/** One of the paths a layer was registered for. */
export interface Pattern {
  /** As written in the application; undefined when it can only be derived from a matching path. */
  readonly text: string | undefined
  /** Matches the beginning of a path, or for a route the whole path; undefined when it does not match. */
  match(path: string): { readonly length: number; readonly text: string } | undefined
}

const MOUNTS = new WeakMap<Layer, readonly Pattern[]>()

/** The patterns of a mounted middleware, router or app, in matching order. */
export function mountPatternsOf(layer: Layer): readonly Pattern[] {
  const known = MOUNTS.get(layer)
  if (known) return known
  const patterns = findMountPatterns(layer)
  MOUNTS.set(layer, patterns)
  return patterns
}

function findMountPatterns(layer: Layer): readonly Pattern[] {
  if (layer.slash || layer.regexp?.fast_slash) return [EVERYTHING]
  if (layer.rawPath !== undefined) return writtenPatterns(layer, listOf(layer.rawPath).map(withoutSlash))
  if (layer.matchers) return layer.matchers.map(probedPattern)
  const paths = pathsOf(layer)
  if (!paths) return [expressionPattern(String(layer.regexp), layer.regexp)]
  return paths.map(({ text, expression }) => expressionPattern(text, expression))
}

/** The patterns of a route; every version keeps a route's path. */
export function routePatternsOf(layer: Layer): readonly Pattern[] {
  const paths = listOf(layer.route?.path)
  if (layer.matchers) return writtenPatterns(layer, paths)
  const [path] = paths
  if (paths.length === 1) return [expressionPattern(String(path), layer.regexp)]
  return paths.map(each => expressionPattern(String(each), layerLike(layer, each, true).regexp))
}

const HIDDEN = new WeakMap<Route, readonly Pattern[]>()

/** The patterns of a route whose layer is hidden, created like those of the app's routers. */
export function hiddenPatternsOf(route: Route, app: App): readonly Pattern[] {
  const known = HIDDEN.get(route)
  if (known) return known
  const patterns = findHiddenPatterns(route, routerOf(app)?.stack[0])
  HIDDEN.set(route, patterns)
  return patterns
}

function findHiddenPatterns(route: Route, sample: Layer | undefined): Pattern[] {
  if (!sample) return []
  return listOf(route.path).flatMap(path => {
    const layer = layerLike(sample, path, true)
    return layer.matchers ? writtenPatterns(layer, [path]) : [expressionPattern(String(path), layer.regexp)]
  })
}

/** A pattern of which only the written form is known. */
export function visiblePattern(path: unknown): Pattern {
  if (path instanceof RegExp) return expressionPattern(String(path), path)
  return { text: typeof path === 'string' ? path : undefined, match: () => undefined }
}

/** The patterns of an app's own mount path, for an app whose parents are not searched. */
export function appPatternsOf(mountpath: unknown): readonly Pattern[] {
  return listOf(mountpath).map(path => {
    const text = String(withoutSlash(path))
    const parts = text.split('/')
    return {
      text,
      match(concrete) {
        const same = concrete.split('/').slice(0, parts.length)
        const matches = same.every((part, i) => parts[i] === part || parts[i]?.includes(':'))
        return matches && same.length === parts.length ? { length: same.join('/').length, text } : undefined
      },
    }
  })
}

/** The first pattern that matches the beginning of a path. */
export function firstMatch(
  patterns: readonly Pattern[],
  path: string,
): { readonly length: number; readonly text: string } | undefined {
  for (const pattern of patterns) {
    const match = pattern.match(path)
    if (match) return match
  }
  return undefined
}

/** The rest of a path after a match, with a leading slash. */
export function restOf(path: string, { length }: { readonly length: number }): string {
  const rest = path.slice(length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** A prefix and a pattern joined to one path. */
export function join(prefix: string, pattern: string): string {
  if (pattern === '/' || pattern === '') return prefix
  return pattern.startsWith('/') || prefix === '' ? prefix + pattern : `${prefix}/${pattern}`
}

const EVERYTHING: Pattern = { text: '/', match: () => ({ length: 0, text: '/' }) }

/** A trailing slash makes no difference to a mount path. */
function withoutSlash(path: unknown): unknown {
  return typeof path === 'string' && path.length > 1 ? path.replace(/\/$/, '') : path
}

function listOf(path: unknown): readonly unknown[] {
  return Array.isArray(path) ? (path.flat(Infinity) as unknown[]) : [path]
}

function writtenPatterns({ matchers = [] }: Layer, paths: readonly unknown[]): Pattern[] {
  return matchers.map((matcher, index) => {
    const text = String(paths[index])
    const probed = new ProbedPattern(matcher)
    return {
      text,
      match(path) {
        const match = probed.match(path)
        return match && { length: match.path.length, text }
      },
    }
  })
}

function probedPattern(matcher: NonNullable<Layer['matchers']>[number]): Pattern {
  const probed = new ProbedPattern(matcher)
  return {
    text: undefined,
    match(path) {
      const match = probed.match(path)
      return match && { length: match.path.length, text: probed.patternOf(match) }
    },
  }
}

function expressionPattern(text: string, expression: RegExp | undefined): Pattern {
  // A copy: matching must not move `lastIndex` of an expression that belongs to the application.
  const copy = expression && new RegExp(expression.source, expression.flags.replace(/[gy]/g, ''))
  return {
    text,
    match(path) {
      const match = copy?.exec(path)
      return match ? { length: match[0].length, text } : undefined
    },
  }
}
