import { type Layer, layerLike } from './internals.ts'

/** One of the paths a layer of Express 4 was mounted at. */
export interface MountPath {
  readonly text: string
  /** Expression that matches this path only. */
  readonly expression: RegExp | undefined
}

/**
 * The paths a layer of Express 4 was mounted at, derived from their compiled regular expression, because Express keeps
 * nothing else of them. The result is compiled again, and used only when the expression is identical.
 * @returns undefined when the application wrote a regular expression
 */
export function pathsOf(layer: Layer): readonly MountPath[] | undefined {
  const { regexp, keys = [] } = layer
  if (!regexp) return undefined
  const names = keys.map(key => key.name).filter(name => typeof name === 'string')
  const sources = alternativesIn(regexp.source)
  const paths = sources.map(source => pathFor(layer, source, names))
  // A single recognised path shows that it is a list.
  if (!paths.some(path => path !== undefined)) return undefined
  return paths.map((path, i) => path ?? writtenExpression(sources[i] ?? '', regexp.flags))
}

/** @param names of all remaining parameters; those of this path are removed */
function pathFor(layer: Layer, source: string, names: string[]): MountPath | undefined {
  const left = [...names]
  const text = pathOf(source, left)
  try {
    const expression = layerLike(layer, text, false).regexp
    if (expression?.source === source && expression.flags === layer.regexp?.flags) {
      names.splice(0, names.length - left.length)
      return { text, expression }
    }
  } catch {
    // No path at all.
  }
  // In a regular expression only named groups have names.
  for (const [, name = ''] of source.matchAll(/\(\?<(\w+)>/g)) {
    if (names.includes(name)) names.splice(names.indexOf(name), 1)
  }
  return undefined
}

function writtenExpression(source: string, flags: string): MountPath {
  return { text: `/${source}/`, expression: new RegExp(source, flags) }
}

/** The alternatives of a list of paths: each begins with `^`; older versions put a group around each list. */
function alternativesIn(source: string): string[] {
  if (source.startsWith('(?:^') && closing(source, 0) === source.length)
    return alternativesIn(source.slice(3, -1))
  const alternatives: string[] = []
  let start = 0
  for (let at = 0; at < source.length; at++) {
    if (source[at] === '\\') at++
    else if (source[at] === '(') at = Math.max(at, closing(source, at) - 1)
    else if (source[at] === '|' && /^(?:\^|\(\?:\^)/.test(source.slice(at + 1))) {
      alternatives.push(source.slice(start, at))
      start = at + 1
    }
  }
  alternatives.push(source.slice(start))
  return alternatives.length === 1 ? alternatives : alternatives.flatMap(alternativesIn)
}

const END = /\\\/\?(?:\(\?=\\\/\|\$\))?$/

/** Turns one generated expression back into its path, removing the names of its parameters from the list. */
function pathOf(source: string, names: string[]): string {
  const text = source.replace(/^\^/, '').replace(END, '')
  let path = ''
  for (let at = 0; at < text.length;) {
    const end = text[at] === '(' ? closing(text, at) : -1
    if (end > 0) {
      const optional = text[end] === '?' ? '?' : ''
      path += groupOf(text.slice(at + 1, end - 1), optional, names, path.endsWith('/'))
      at = end + optional.length
    } else {
      const escaped = text[at] === '\\' && /[/.]/.test(text[at + 1] ?? '')
      path += text[escaped ? at + 1 : at]
      at += escaped ? 2 : 1
    }
  }
  return path || '/'
}

const DEFAULT_CAPTURE = /^(?:\[\^\\?\/(?:\\\.)?\]\+\?|\(\?:\(\?!.*\)\.\)\+\?)$/

/** The path syntax for a group: a parameter, `*`, or the group itself. */
function groupOf(content: string, optional: string, names: string[], afterSlash: boolean): string {
  if (content === '.*') return `*${optional}`
  const parameter = /^\?:(\\\/)?(\\\.)?(?=\()/.exec(content)
  if (!parameter) {
    const plain = afterSlash && content.startsWith('?:') ? content.slice(2) : content
    return `(${plain.replaceAll('\\/', '/')})${optional}`
  }
  const [prefix, slash, dot] = parameter
  const end = closing(content, prefix.length)
  const capture = content.slice(prefix.length + 1, end - 1)
  const custom = DEFAULT_CAPTURE.test(capture) ? '' : `(${capture.replaceAll('\\/', '/')})`
  const star = end < content.length ? '*' : ''
  return `${slash ? '/' : ''}${dot ? '.' : ''}:${names.shift() ?? ''}${custom}${star}${optional}`
}

/** Index after the parenthesis that closes the one at an index; -1 when there is none. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at + 1
  }
  return -1
}
