import { firstNode } from './requests/api.ts'

/** The leader of each partition. */
export class Leaders {
  #nodes: number
  #moved = new Map<string, number>()

  constructor(nodes: number) {
    this.#nodes = nodes
  }

  /** The leader of a partition; by default, partitions are distributed round-robin. */
  of(topic: string, partition: number): number {
    return this.#moved.get(`${topic}/${partition}`) ?? firstNode + (partition % this.#nodes)
  }

  move(topic: string, partition: number, node: number): void {
    this.#moved.set(`${topic}/${partition}`, node)
  }
}
