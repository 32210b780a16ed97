import type { Attributes } from '@opentelemetry/api'
import type { Vocabulary } from '@spanwright/testing'

/** Attributes by which the vocabulary of a span is recognised: every span of an area has one of each pair. */
const PAIRS = [
  ['http.request.method', 'http.method'],
  ['db.system.name', 'db.system'],
  ['db.client.connection.pool.name', 'pool.name'],
  ['messaging.system.name', 'messaging.system'],
  ['rpc.system.name', 'rpc.system'],
] as const

/** Which words attributes are in. */
export function vocabularyOf(attributes: Attributes): Vocabulary {
  for (const [latest, legacy] of PAIRS) {
    if (attributes[legacy] === undefined) continue
    return attributes[latest] === undefined ? 'legacy' : 'both'
  }
  return 'latest'
}
