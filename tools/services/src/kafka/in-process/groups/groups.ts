import { errorCode } from '../../wire/error-code.ts'
import { Group } from './group.ts'

/** The consumer groups of the broker. */
export class Groups {
  #groups = new Map<string, Group>()

  all(): Group[] {
    return [...this.#groups.values()]
  }

  get(id: string): Group | undefined {
    return this.#groups.get(id)
  }

  getOrCreate(id: string): Group {
    const group = this.#groups.get(id) ?? new Group(id)
    this.#groups.set(id, group)
    return group
  }

  delete(id: string): number {
    const group = this.#groups.get(id)
    if (group === undefined) return errorCode.groupIdNotFound
    if (group.state !== 'Empty') return errorCode.nonEmptyGroup
    this.#groups.delete(id)
    return errorCode.none
  }

  /** Removes all members; groups and offsets are kept. */
  disband(): void {
    for (const group of this.#groups.values()) group.disband()
  }
}
