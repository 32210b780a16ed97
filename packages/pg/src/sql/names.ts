/** Names of common table expressions: the latest ones, and those visible before them. */
export interface Names {
  readonly own: ReadonlySet<string>
  readonly outer: Names | undefined
}

/** True when a name is that of a common table expression. */
export function isAmong(names: Names | undefined, name: string): boolean {
  for (let some = names; some; some = some.outer) if (some.own.has(name)) return true
  return false
}

/** PostgreSQL truncates longer names. */
const LONGEST = 63

/** The name that a word or a quoted name refers to: PostgreSQL folds unquoted names to lower case. */
export function nameIn(spelt: string): string {
  return cut(
    spelt.endsWith('"') ? unquoted(spelt) : spelt.replaceAll(/[A-Z]+/g, letters => letters.toLowerCase()),
  )
}

function unquoted(spelt: string): string {
  const name = spelt.slice(spelt.indexOf('"') + 1, -1).replaceAll('""', '"')
  return spelt.startsWith('"') ? name : name.replaceAll(ESCAPE, decoded)
}

/** In `U&".."`, unless an escape character other than the backslash is chosen. */
const ESCAPE = /\\(?:([0-9a-f]{4})|\+([0-9a-f]{6})|(\\))/gi

function decoded(all: string, short: string | undefined, long: string | undefined): string {
  const code = Number.parseInt(short ?? long ?? '5c', 16)
  return code > 0x10_ff_ff ? all : String.fromCodePoint(code)
}

function cut(name: string): string {
  if (name.length * 3 <= LONGEST || Buffer.byteLength(name) <= LONGEST) return name
  return Buffer.from(name)
    .subarray(0, LONGEST)
    .toString()
    .replace(/\uFFFD$/, '')
}
