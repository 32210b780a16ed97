import { firstNode } from './requests/api.ts'

/** Which node leads which partition. */
export class Leaders {
  #nodes: number
  #moved = new Map<string, number>()

  constructor(nodes: number) {
    this.#nodes = nodes
  }

  /** The leader of a partition; unless it was moved, partitions go round the nodes. */
  of(topic: string, partition: number): number {
    return this.#moved.get(`${topic}/${partition}`) ?? firstNode + (partition % this.#nodes)
  }

  move(topic: string, partition: number, node: number): void {
    this.#moved.set(`${topic}/${partition}`, node)
  }
}
