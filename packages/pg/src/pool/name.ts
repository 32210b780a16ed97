/** What has a name: a pool. */
interface Named {
  /** True when the pool has no connection any more, and will have none. */
  readonly ended?: unknown
}

/** Who has each name, and that name with `#2`, `#3` after it, in this order. */
const holders = new Map<string, WeakRef<Named>[]>()

/** The name of a pool, which no other pool has at the same time. */
export class PoolName {
  readonly text: string
  private readonly reference: WeakRef<Named>
  private readonly place: number
  private readonly family: WeakRef<Named>[]

  /** Takes a name, or it with a number, if another pool has it. Those of pools that were ended are free again. */
  constructor(name: string, pool: Named) {
    this.family = holders.get(name) ?? []
    holders.set(name, this.family)
    const free = this.family.findIndex(reference => reference.deref()?.ended ?? true)
    this.place = free < 0 ? this.family.length : free
    this.reference = new WeakRef(pool)
    this.family[this.place] = this.reference
    this.text = this.place === 0 ? name : `${name}#${this.place + 1}`
  }

  /** True until another pool takes the name after this one was ended. */
  get held(): boolean {
    return this.family[this.place] === this.reference
  }
}
