/** Control characters and those that change the text direction: a terminal interprets them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Escapes a text so that a terminal prints it on one line: `\u001b` instead of an escape character. */
export function printable(text: string): string {
  return text.replaceAll(
    UNPRINTABLE,
    character => String.raw`\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}
