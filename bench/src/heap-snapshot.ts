/** The parts of a heap snapshot as V8 writes it that are needed here. */
export interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[]
      /** The first one lists the names of the types of nodes. */
      readonly node_types: readonly [readonly string[], ...unknown[]]
    }
  }
  /** Of each node the fields one after the other. */
  readonly nodes: readonly number[]
}

/**
 * What V8 keeps for itself: compiled code, what that depends on, and the shapes of objects. It goes on compiling what
 * runs seldom for hundreds of thousands of requests.
 */
const OF_V8: ReadonlySet<string> = new Set(['code', 'hidden', 'object shape'])

/** How much of a heap is what the program made: objects, functions, arrays, strings. In bytes. */
export function programBytesIn({ snapshot: { meta }, nodes }: HeapSnapshot): number {
  const type = meta.node_fields.indexOf('type')
  const size = meta.node_fields.indexOf('self_size')
  const [types] = meta.node_types
  let bytes = 0
  for (let at = 0; at < nodes.length; at += meta.node_fields.length) {
    if (!OF_V8.has(types[nodes[at + type] ?? -1] ?? '')) bytes += nodes[at + size] ?? 0
  }
  return bytes
}
