// The characters that PostgreSQL's scanner distinguishes, by their codes.

export const NEWLINE = 0x0a
export const RETURN = 0x0d
export const DOUBLE_QUOTE = 0x22
export const DOLLAR = 0x24
export const AMPERSAND = 0x26
export const QUOTE = 0x27
export const STAR = 0x2a
export const PLUS = 0x2b
export const DASH = 0x2d
export const DOT = 0x2e
export const SLASH = 0x2f
export const COLON = 0x3a
export const EQUALS = 0x3d
export const BACKSLASH = 0x5c
export const UNDERSCORE = 0x5f
export const LETTER_B = 0x62
export const LETTER_E = 0x65
export const LETTER_N = 0x6e
export const LETTER_U = 0x75
export const LETTER_X = 0x78

export function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

export function isNameStart(code: number): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || code === UNDERSCORE || code >= 0x80
}

export function isNamePart(code: number): boolean {
  return isNameStart(code) || isDigit(code) || code === DOLLAR
}

const OPERATORS = flags('~!@#^&|`?+-*/%<>=')
const SPECIAL = flags('~!@#^&|`?%')

function flags(characters: string): Uint8Array {
  const table = new Uint8Array(128)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

export function isOperator(code: number): boolean {
  return OPERATORS[code] === 1
}

/** True for an operator character that allows the operator to end in a sign. */
export function isSpecial(code: number): boolean {
  return SPECIAL[code] === 1
}

/** True when two characters open a comment. */
export function opensComment(code: number, next: number): boolean {
  return (code === DASH && next === DASH) || (code === SLASH && next === STAR)
}
