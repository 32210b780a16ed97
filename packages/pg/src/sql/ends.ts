import {
  BACKSLASH,
  DASH,
  DOT,
  DOUBLE_QUOTE,
  isDigit,
  isNamePart,
  isNameStart,
  isSpace,
  LETTER_E,
  NEWLINE,
  PLUS,
  QUOTE,
  RETURN,
  SLASH,
  STAR,
  UNDERSCORE,
} from './characters.ts'

// The end of each kind of token: the index after its last character, or OPEN when the text ends before the token does.

/** The token is not terminated. */
export const OPEN = -1

/** How a quote is written inside a string: doubled, doubled or after a backslash, or not at all. */
export type StringForm = 'plain' | 'escapes' | 'bits'

/** @param from the index after the opening quote */
export function stringEnd(text: string, from: number, form: StringForm): number {
  let at = quotesEnd(text, from, form)
  while (at !== OPEN) {
    const reopened = continuation(text, at)
    if (reopened < 0) break
    at = quotesEnd(text, reopened, form)
  }
  return at
}

function quotesEnd(text: string, from: number, form: StringForm): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH && form === 'escapes') at++
    else if (code === QUOTE) {
      if (form === 'bits' || text.charCodeAt(at + 1) !== QUOTE) return at + 1
      at++
    }
  }
  return OPEN
}

/** A string continues after a line break, white space and line comments; returns the index after its quote, or -1. */
function continuation(text: string, from: number): number {
  let broken = false
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === NEWLINE || code === RETURN) broken = true
    else if (code === QUOTE) return broken ? at + 1 : -1
    else if (code === DASH && text.charCodeAt(at + 1) === DASH) at = lineEnd(text, at) - 1
    else if (!isSpace(code)) return -1
  }
  return -1
}

/** @param from the index after the opening quote */
export function quotedNameEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text.charCodeAt(at) !== DOUBLE_QUOTE) continue
    if (text.charCodeAt(at + 1) !== DOUBLE_QUOTE) return at + 1
    at++
  }
  return OPEN
}

/** The end of a string between tags: `$tag$..$tag$`. */
export function taggedEnd(text: string, tag: string, from: number): number {
  const close = text.indexOf(tag, from)
  return close < 0 ? OPEN : close + tag.length
}

export function spaceEnd(text: string, from: number): number {
  let at = from
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

export function nameEnd(text: string, from: number): number {
  let at = from
  while (isNamePart(text.charCodeAt(at))) at++
  return at
}

export function numberEnd(text: string, from: number): number {
  let at = digitsEnd(text, from)
  // In `1..2` the dots belong to neither number.
  if (text.charCodeAt(at) === DOT && text.charCodeAt(at + 1) !== DOT) at = digitsEnd(text, at + 1)
  if ((text.charCodeAt(at) | 0x20) === LETTER_E) {
    const sign = text.charCodeAt(at + 1)
    const digits = sign === PLUS || sign === DASH ? at + 2 : at + 1
    if (isDigit(text.charCodeAt(digits))) at = digitsEnd(text, digits)
  }
  // Hexadecimal, octal and binary digits, and what PostgreSQL calls trailing junk, which could be part of a secret.
  return isNameStart(text.charCodeAt(at)) ? nameEnd(text, at) : at
}

function digitsEnd(text: string, from: number): number {
  let at = from
  while (isDigit(text.charCodeAt(at)) || (at > from && text.charCodeAt(at) === UNDERSCORE)) at++
  return at
}

export function lineEnd(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === NEWLINE || code === RETURN) break
    at++
  }
  return at
}

/** @param from the index after the opening of the comment; comments nest */
export function blockCommentEnd(text: string, from: number): number {
  let depth = 1
  let at = from
  while (at < text.length && depth > 0) {
    const code = text.charCodeAt(at)
    if (code === SLASH && text.charCodeAt(at + 1) === STAR) {
      depth++
      at += 2
    } else if (code === STAR && text.charCodeAt(at + 1) === SLASH) {
      depth--
      at += 2
    } else at++
  }
  return depth > 0 ? OPEN : at
}
