/** Token kinds of PostgreSQL's scanner. */
export const Kind = {
  End: 0,
  Space: 1,
  Comment: 2,
  /** Keyword or identifier without quotes. */
  Word: 3,
  /** `"name"` and `U&"name"`. */
  QuotedName: 4,
  /** A string of any form: `'..'`, `E'..'`, `U&'..'`, `B'..'`, `X'..'`, `N'..'`, `$tag$..$tag$`. */
  Text: 5,
  Number: 6,
  /** `$1` */
  Parameter: 7,
  Operator: 8,
  /** Punctuation: `( ) [ ] , ; . .. : :: :=`, or a character without meaning in PostgreSQL. */
  Mark: 9,
} as const

export type Kind = (typeof Kind)[keyof typeof Kind]

/** A token by its kind and spelling. */
export interface Token {
  readonly kind: Kind
  readonly slice: string
}
