/** A caller that waits for a client of a pool. */
export interface WaitingCaller {
  before: WaitingCaller | undefined
  after: WaitingCaller | undefined
  isWaiting: boolean
  /** The pool has ended, and will never answer. */
  giveUp(): void
}

/**
 * The callers that wait for a client. Linked, since a Set makes a new table for every few of those that come and go
 * (benchmark row: pg pool.query).
 */
export class WaitingCallers {
  private first: WaitingCaller | undefined
  private last: WaitingCaller | undefined

  add(caller: WaitingCaller): void {
    caller.isWaiting = true
    caller.before = this.last
    if (this.last) this.last.after = caller
    else this.first = caller
    this.last = caller
  }

  /** @returns false when it did not wait */
  remove(caller: WaitingCaller): boolean {
    if (!caller.isWaiting) return false
    const { before, after } = caller
    if (before) before.after = after
    else this.first = after
    if (after) after.before = before
    else this.last = before
    caller.isWaiting = false
    caller.before = caller.after = undefined
    return true
  }

  /** In the order in which they came. */
  giveUp(): void {
    while (this.first) {
      const caller = this.first
      this.remove(caller)
      caller.giveUp()
    }
  }
}
