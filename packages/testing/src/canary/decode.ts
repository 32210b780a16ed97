/** A text that was found in another one, and how it was written there. */
export interface Reading {
  readonly text: string
  /** Such as `percent-encoded`; empty for the text as it stands. */
  readonly encoding: string
}

/** Encodings within encodings that are followed. */
const DEPTH = 3

/** The shortest run of base64 or hexadecimal digits that is decoded. */
const SHORTEST_RUN = 8

const NAMED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

type Decoder = (text: string) => readonly string[]

const DECODERS: Readonly<Record<string, Decoder>> = {
  'percent-encoded': text => (/%[\da-f]{2}|\+/i.test(text) ? [decodePercent(text)] : []),
  escaped: text => (/\\[^\s]/.test(text) ? [decodeEscapes(text)] : []),
  'an HTML entity': text => (/&#\w+;/.test(text) ? [decodeEntities(text)] : []),
  base64: text => runsOf(text, /[\w+/-]{8,}/g).flatMap(run => decodeRun(run, 'base64', 4)),
  hexadecimal: text => runsOf(text, /[\da-f]{8,}/gi).flatMap(run => decodeRun(run, 'hex', 2)),
}

/** A text, and every other text that it may be an encoding of. */
export function* readingsOf(text: string, encoding = '', depth: number = DEPTH): Generator<Reading> {
  yield { text, encoding }
  if (depth === 0) return
  for (const [name, decode] of Object.entries(DECODERS)) {
    for (const decoded of decode(text)) {
      if (decoded !== text) {
        yield* readingsOf(decoded, encoding === '' ? name : `${name} in ${encoding}`, depth - 1)
      }
    }
  }
}

function decodePercent(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[\da-f]{2})+/gi, run => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
}

function decodeEscapes(text: string): string {
  return text.replace(
    /\\(?:u\{([\da-f]{1,6})\}|u([\da-f]{4})|x([\da-f]{2})|(.))/gis,
    (_, braced?: string, long?: string, short?: string, other?: string) => {
      const digits = braced ?? long ?? short
      if (digits === undefined) return NAMED[other ?? ''] ?? other ?? ''
      const code = Number.parseInt(digits, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : ''
    },
  )
}

function decodeEntities(text: string): string {
  return text.replace(/&#(?:x([\da-f]{1,6})|(\d{1,7}));/gi, (whole, hex?: string, decimal?: string) => {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

function runsOf(text: string, pattern: RegExp): string[] {
  return (text.match(pattern) ?? []).filter(run => run.length >= SHORTEST_RUN)
}

/** A run may begin within a group of digits when the beginning was cut off. */
function decodeRun(run: string, encoding: 'base64' | 'hex', group: number): string[] {
  return Array.from({ length: group }, (_, start) => Buffer.from(run.slice(start), encoding).toString())
}
