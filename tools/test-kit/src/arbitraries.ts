import * as fc from 'fast-check'

// `fc.webPath()` and `fc.string({ unit: 'binary' })` build a table of a million characters in each file that uses them.

const SURROGATES = { first: 0xd800, count: 0x800 }

/** Any character. */
const character = fc
  .integer({ min: 0, max: 0x10_ffff - SURROGATES.count })
  .map(code => String.fromCodePoint(code < SURROGATES.first ? code : code + SURROGATES.count))

/** Properties that every object has, or that can be mistaken for such. */
const NAMES_OF_OBJECTS = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'length',
  'name',
]

/** A string of any characters, by default at most 10, and sometimes the name of a property of all objects. */
export function anyText(maxLength = 10): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 9, arbitrary: textOf(character, maxLength) },
    { weight: 1, arbitrary: fc.constantFrom(...NAMES_OF_OBJECTS) },
  )
}

/** A string of characters within a range of codes. */
export function text(from: number, to: number, maxLength: number): fc.Arbitrary<string> {
  return textOf(
    fc.integer({ min: from, max: to }).map(code => String.fromCharCode(code)),
    maxLength,
  )
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const UNENCODED = `${LETTERS}${LETTERS.toUpperCase()}0123456789-._~!$&'()*+,;=:@`

const characterOfPath = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom(...UNENCODED.split('')),
  },
  { weight: 1, arbitrary: character.map(percentEncoded) },
)

/** The path of a URL according to RFC 3986, with percent-encoded characters. */
export const anyPath: fc.Arbitrary<string> = fc
  .array(textOf(characterOfPath, 10), { maxLength: 10 })
  .map(segments => segments.map(segment => `/${segment}`).join(''))

function textOf(characters: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> {
  return fc.array(characters, { maxLength }).map(list => list.join(''))
}

function percentEncoded(value: string): string {
  const encoded = encodeURIComponent(value)
  return encoded === value ? `%${value.charCodeAt(0).toString(16)}` : encoded
}
