/** What a piece of SQL is to PostgreSQL's scanner. */
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
  /** Punctuation: `( ) [ ] , ; . .. : :: :=`, or a character PostgreSQL knows no use for. */
  Mark: 9,
} as const

export type Kind = (typeof Kind)[keyof typeof Kind]

/** A token, where it is enough to know what it is and how it is spelt. */
export interface Token {
  readonly kind: Kind
  readonly slice: string
}
