import { Kind, type Token } from './kind.ts'
import { isAmong, nameIn, type Names } from './names.ts'

const LONGEST = 255

/** An operation, or a target that may turn out to be a common table expression. */
interface Part {
  readonly text: string
  readonly names: Names | undefined
}

/** The operations and targets of one statement, as they are found. */
export class Parts {
  private readonly parts: Part[] = []
  private name = ''
  private names: Names | undefined
  private nameGoesOn = false

  /**
   * All parts, after the given word. No part is truncated, and none is added after one that did not fit. Names are
   * looked up only now: with `RECURSIVE`, common table expressions are visible before they are named.
   */
  textAfter(word: string): string {
    let text = word
    for (const { text: part, names } of this.parts) {
      if (names && isAmong(names, nameIn(part))) continue
      const longer = text === '' ? part : `${text} ${part}`
      if (longer.length > LONGEST) break
      text = longer
    }
    return text
  }

  /** The procedure that the statement calls. */
  get procedure(): string | undefined {
    const [operation, target] = this.parts
    const isCall = operation?.text.toUpperCase() === 'CALL'
    return isCall && target && target.text.length + operation.text.length < LONGEST ? target.text : undefined
  }

  /** Adds an operation, or a target whose name is complete. */
  add(text: string, names?: Names): void {
    if (this.parts.length < LONGEST) this.parts.push({ text, names })
  }

  /**
   * Begins the name of a target, which may continue: `schema.table`.
   * @param names of the common table expressions it may refer to
   */
  beginName(name: string, names: Names | undefined): void {
    this.name = name
    this.names = names
    this.nameGoesOn = false
  }

  /** True when a token continues the name; otherwise the name ends before it. */
  extendName({ kind, slice }: Token): boolean {
    if (this.name === '') return false
    const isDot = kind === Kind.Mark && slice === '.'
    const isPart = this.nameGoesOn && (kind === Kind.Word || kind === Kind.QuotedName)
    if (!isDot && !isPart) {
      this.endName()
      return false
    }
    this.name += slice
    this.names = undefined
    this.nameGoesOn = isDot
    return true
  }

  endName(): void {
    if (this.name !== '') this.add(this.name, this.names)
    this.name = ''
  }

  /** Discards the name if it is this word, because it turned out not to be a name. */
  takeBack(word: string): boolean {
    if (this.name.toUpperCase() !== word) return false
    this.name = ''
    return true
  }
}

const BATCH = 'BATCH'

/** The summary of a text: of its single statement, or of a batch. */
export class Batch {
  /** Number of statements. */
  count = 0
  private first: Parts | undefined
  private alike = true
  private common: string | undefined

  get text(): string {
    const { first, count, alike } = this
    if (count <= 1) return first?.textAfter('') ?? ''
    return first && alike ? first.textAfter(BATCH) : BATCH
  }

  /** True when there are several statements with the same summary. */
  get repeats(): boolean {
    return this.count > 1 && this.alike
  }

  /** The procedure that every statement calls. */
  get procedure(): string | undefined {
    return this.common
  }

  /** Adds a statement that has ended. */
  add(parts: Parts): void {
    parts.endName()
    this.count++
    const { procedure } = parts
    if (this.first === undefined) this.common = procedure
    else if (procedure !== this.common) this.common = undefined
    this.first ??= parts
    const text = parts.textAfter('')
    this.alike &&= text !== '' && text === this.first.textAfter('')
  }
}
