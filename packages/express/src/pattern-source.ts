import { type Layer, layerLike } from './router.ts'

/**
 * The paths a layer of Express 4 was mounted at, told from the regular expression they were made into, because
 * nothing else is kept of them. What is told is made into a regular expression again: only when that is the
 * same one is it believed.
 * @returns undefined when the application wrote a regular expression
 */
export function pathsOf(layer: Layer): readonly string[] | undefined {
  const { regexp, keys = [] } = layer
  if (!regexp) return undefined
  const names = keys.map(key => key.name).filter(name => typeof name === 'string')
  const paths = alternativesIn(regexp.source).map(source => pathOf(source, names))
  const [path] = paths
  if (path === undefined) return undefined
  return matchesAlike(layer, regexp, paths) ? paths : undefined
}

function matchesAlike(layer: Layer, regexp: RegExp, paths: readonly string[]): boolean {
  try {
    const again = layerLike(layer, paths.length === 1 ? paths[0] : paths, false).regexp
    return again?.source === regexp.source && again.flags === regexp.flags
  } catch {
    return false
  }
}

/** The alternatives of a list of paths: each begins with `^`; older versions put a group around them. */
function alternativesIn(source: string): string[] {
  const list = source.startsWith('(?:^') && source.endsWith(')') ? source.slice(3, -1) : source
  return list.split(/\|(?=\^)/)
}

const END = /\\\/\?(?:\(\?=\\\/\|\$\))?$/

/** Writes one generated expression as the path it came from, taking the names of its parameters off the list. */
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

/** What stands for a group: a parameter, `*`, or the group itself. */
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

/** Index behind the parenthesis that closes the one at an index; -1 when none does. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at + 1
  }
  return -1
}
