/** Follows what the statements of a text do to the transaction of their session. */
export class TransactionControl {
  /** What the last statement about a transaction does to it. */
  effect: 'begin' | 'commit' | 'rollback' | undefined
  /** The word the statement began with. */
  private verb = ''

  /** Takes the word that begins a statement. */
  begin(word: string): void {
    this.verb = word
  }

  /** Takes a word after it. */
  addWord(word: string): void {
    // `ROLLBACK TO` ends no transaction, nor does `COMMIT PREPARED` end that of the session.
    if (word === 'TO' || word === 'PREPARED') this.verb = ''
  }

  /** Takes the end of a statement. */
  end(): void {
    this.effect = EFFECTS[this.verb] ?? this.effect
    this.verb = ''
  }
}

const EFFECTS: Readonly<Record<string, 'begin' | 'commit' | 'rollback'>> = {
  BEGIN: 'begin',
  START: 'begin',
  COMMIT: 'commit',
  END: 'commit',
  ROLLBACK: 'rollback',
  ABORT: 'rollback',
}
