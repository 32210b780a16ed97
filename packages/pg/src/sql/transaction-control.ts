/** The effect of a text on its session's transaction. */
export interface Control {
  /** How it ends the transaction it was sent in; the last end, if there are several. */
  readonly ends: 'commit' | 'rollback' | undefined
  /** True when it begins a transaction and leaves it open. */
  readonly begins: boolean
}

/** Follows the effect of a text's statements on their session's transaction. */
export class TransactionControl {
  private ends: Control['ends']
  private begins = false
  /** The first word of the statement. */
  private verb = ''
  private wordBefore = ''
  private chains = false

  /** The effect of the text; undefined when it has no transaction statement. */
  get control(): Control | undefined {
    const { ends, begins } = this
    return ends || begins ? { ends, begins } : undefined
  }

  /** Handles the first word of a statement. */
  begin(word: string): void {
    this.verb = word
  }

  /** Handles a following word. */
  addWord(word: string): void {
    // `ROLLBACK TO` does not end a transaction, and `COMMIT PREPARED` does not end the session's own.
    if (word === 'TO' || word === 'PREPARED') this.verb = ''
    // `COMMIT AND CHAIN` immediately begins another one.
    if (word === 'CHAIN' && this.wordBefore === 'AND') this.chains = true
    this.wordBefore = word
  }

  /** Handles the end of a statement. */
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
