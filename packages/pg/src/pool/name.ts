/** A named pool. */
interface Named {
  /** True when the pool has no connections left and will open none. */
  readonly ended?: unknown
}

/** The pools that hold each name: the plain name, then `#2`, `#3`, in this order. */
const holders = new Map<string, WeakRef<Named>[]>()

/** The name of a pool, unique at any time. */
export class PoolName {
  readonly text: string
  private readonly reference: WeakRef<Named>
  private readonly place: number
  private readonly family: WeakRef<Named>[]

  /** Takes a name, with a number if another pool holds it. Names of ended pools are free again. */
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
