/** What a text does to the transaction of its session. */
export interface Control {
  /** How it ends the transaction it was sent in; the last time, if it does so several times. */
  readonly ends: 'commit' | 'rollback' | undefined
  /** True when it leaves a transaction open that it began. */
  readonly begins: boolean
}

/** Follows what the statements of a text do to the transaction of their session. */
export class TransactionControl {
  private ends: Control['ends']
  private begins = false
  /** The word the statement began with. */
  private verb = ''
  private wordBefore = ''
  private chains = false

  /** What the text does; undefined when it has no statement about a transaction. */
  get control(): Control | undefined {
    const { ends, begins } = this
    return ends || begins ? { ends, begins } : undefined
  }

  /** Takes the word that begins a statement. */
  begin(word: string): void {
    this.verb = word
  }

  /** Takes a word after it. */
  addWord(word: string): void {
    // `ROLLBACK TO` ends no transaction, nor does `COMMIT PREPARED` end that of the session.
    if (word === 'TO' || word === 'PREPARED') this.verb = ''
    // `COMMIT AND CHAIN` begins another one at once.
    if (word === 'CHAIN' && this.wordBefore === 'AND') this.chains = true
    this.wordBefore = word
  }

  /** Takes the end of a statement. */
  end(): void {
    const effect = EFFECTS[this.verb]
    if (effect) {
      this.begins = effect === 'begin' || this.chains
      if (effect !== 'begin') this.ends = effect
    }
    this.verb = ''
    this.wordBefore = ''
    this.chains = false
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
