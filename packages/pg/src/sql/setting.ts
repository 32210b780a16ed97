import { DOT, EQUALS } from './characters.ts'
import { Kind } from './kind.ts'
import type { Lexer } from './lexer.ts'

/**
 * Finds the values of settings: `SET a.b = v`, `ALTER ROLE r SET a.b TO v`, `CREATE FUNCTION f() .. SET a.b = v`. The
 * grammar accepts words and quoted names, which aren't literals but are values. A value extends to the end of its
 * statement.
 *
 * Source: PostgreSQL documentation, "SET"; `VariableSetStmt` of its grammar.
 */
export class SettingValue {
  private place: Place = Place.Start

  /** Handles the next token other than space and comment; true when it is part of a value. */
  add(lexer: Lexer, word: string): boolean {
    if (isMark(lexer, SEMICOLON)) this.place = Place.Start
    else this.place = this.next(lexer, word)
    return this.place === Place.Value
  }

  private next(lexer: Lexer, word: string): Place {
    switch (this.place) {
      case Place.Start:
        return STATEMENTS.get(word) ?? Place.Elsewhere
      case Place.Set:
        return NO_SETTINGS.has(word) ? Place.Elsewhere : SCOPES.has(word) ? Place.Set : Place.Name
      case Place.Part:
        return Place.Name
      case Place.Name:
        if (isMark(lexer, DOT)) return Place.Part
        return word === 'ZONE' ? Place.Name : isAssignment(lexer, word) ? Place.Assigned : Place.Value
      case Place.Assigned:
        return Place.Value
      case Place.Create:
        return ROUTINES.has(word) ? Place.Clauses : MODIFIERS.has(word) ? Place.Create : Place.Elsewhere
      case Place.Clauses:
        return word === 'SET' ? Place.ClauseName : BODIES.has(word) ? Place.Elsewhere : Place.Clauses
      case Place.ClauseName:
        return Place.ClauseSet
      case Place.ClauseSet:
        if (isMark(lexer, DOT)) return Place.ClauseName
        return isAssignment(lexer, word) ? Place.Assigned : Place.Clauses
      default:
        return this.place
    }
  }
}

/** Position of the reader in a statement. */
const Place = {
  Start: 0,
  /** In a statement, or a part of one, without settings. */
  Elsewhere: 1,
  /** After `SET` and any words before the name. */
  Set: 2,
  /** After the name of a setting. */
  Name: 3,
  /** After a dot in it. */
  Part: 4,
  Assigned: 5,
  Value: 6,
  Create: 7,
  /** Among the clauses of `ALTER` or of a function. */
  Clauses: 8,
  /** After their `SET`. */
  ClauseName: 9,
  /** After the name that follows it, which may not be a setting. */
  ClauseSet: 10,
} as const
type Place = (typeof Place)[keyof typeof Place]

const STATEMENTS: ReadonlyMap<string, Place> = new Map<string, Place>([
  ['SET', Place.Set],
  ['ALTER', Place.Clauses],
  ['CREATE', Place.Create],
])
const NO_SETTINGS: ReadonlySet<string> = new Set(['TRANSACTION', 'CONSTRAINTS', 'CHARACTERISTICS'])
const SCOPES: ReadonlySet<string> = new Set(['LOCAL', 'SESSION'])
const ROUTINES: ReadonlySet<string> = new Set(['FUNCTION', 'PROCEDURE'])
const MODIFIERS: ReadonlySet<string> = new Set(['OR', 'REPLACE'])
const BODIES: ReadonlySet<string> = new Set(['BEGIN', 'RETURN'])
const SEMICOLON = 0x3b

function isMark({ kind, text, start, end }: Lexer, code: number): boolean {
  return kind === Kind.Mark && end - start === 1 && text.charCodeAt(start) === code
}

function isAssignment({ kind, text, start, end }: Lexer, word: string): boolean {
  return word === 'TO' || (kind === Kind.Operator && end - start === 1 && text.charCodeAt(start) === EQUALS)
}
