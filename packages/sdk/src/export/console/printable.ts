/** Control characters and those that turn the direction of what follows: a terminal obeys them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A text that a terminal shows and does not obey, on one line: `\u001b` in place of an escape character. */
export function printable(text: string): string {
  return text.replaceAll(
    UNPRINTABLE,
    character => String.raw`\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}
