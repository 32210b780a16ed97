/** Follows `BEGIN ATOMIC .. END`, the body of a function, in which a semicolon ends no statement. */
export class FunctionBody {
  /** How many of `BEGIN ATOMIC` and `CASE` are open. */
  private depth = 0

  get open(): boolean {
    return this.depth > 0
  }

  /** Takes a word and the one before it, both in upper case. */
  addWord(word: string, before: string): void {
    if (word === 'ATOMIC' && before === 'BEGIN') this.depth++
    else if (this.depth > 0) this.depth += word === 'CASE' ? 1 : word === 'END' ? -1 : 0
  }
}
