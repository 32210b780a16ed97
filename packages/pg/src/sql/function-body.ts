/** Follows `BEGIN ATOMIC .. END`, a function body, in which a semicolon does not end the statement. */
export class FunctionBody {
  /** Number of open `BEGIN ATOMIC` and `CASE`. */
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
