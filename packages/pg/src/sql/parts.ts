import { Kind, type Token } from './kind.ts'

const LONGEST = 255

/** The operations and targets of a summary, as they are found. */
export class Parts {
  text = ''
  /** Names of common table expressions: they are no targets. */
  private expressions: Set<string> | undefined
  private full = false
  private name = ''
  private nameGoesOn = false

  /** Adds an operation. */
  add(part: string): void {
    if (this.full) return
    const text = this.text === '' ? part : `${this.text} ${part}`
    // No part is ever cut, and none follows one that had no room.
    if (text.length > LONGEST) this.full = true
    else this.text = text
  }

  /** Begins the name of a target, which may go on: `schema.table`. */
  beginName(name: string): void {
    this.name = name
    this.nameGoesOn = false
  }

  /** True when a token is part of the name that was begun; else the name ends before it. */
  extendName({ kind, slice }: Token): boolean {
    if (this.name === '') return false
    const isDot = kind === Kind.Mark && slice === '.'
    const isPart = this.nameGoesOn && (kind === Kind.Word || kind === Kind.QuotedName)
    if (!isDot && !isPart) {
      this.endName()
      return false
    }
    this.name += slice
    this.nameGoesOn = isDot
    return true
  }

  endName(): void {
    const { name } = this
    this.name = ''
    if (name !== '' && !this.expressions?.has(name.toLowerCase())) this.add(name)
  }

  /** Notes the name of a common table expression. */
  except(name: string): void {
    this.expressions ??= new Set()
    this.expressions.add(name.toLowerCase())
  }

  /** Takes the end of a statement, behind which its common table expressions are not known. */
  endStatement(): void {
    this.expressions = undefined
  }
}
