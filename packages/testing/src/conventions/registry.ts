import data from './registry.json'

/** One attribute of the conventions. */
export interface AttributeEntry {
  /** `string`, `int`, `double`, `boolean`, `any`, `string[]`, or `template[…]` for a prefix of keys. */
  readonly type: string
  /** Members of its enum. Open unless the key is one of `CLOSED_ENUMS`. */
  readonly values?: readonly string[]
  /** Former members of its enum, with their successors. */
  readonly deprecatedValues?: Readonly<Record<string, string>>
  /** What to use instead of a deprecated key. */
  readonly deprecated?: string
}

/** One type of span of the conventions. */
export interface SpanEntry {
  readonly kind: string
  readonly required: readonly string[]
  /** Attributes that identify a span of this type. */
  readonly fixed: Readonly<Record<string, string>>
}

/** One metric of the conventions. */
export interface MetricEntry {
  readonly instrument: string
  readonly unit: string
  readonly required: readonly string[]
  readonly attributes: readonly string[]
  readonly boundaries?: readonly number[]
}

/** Semantic conventions 1.45.0, limited to HTTP, PostgreSQL, Kafka, gRPC, and what applications add to those spans. */
export const REGISTRY: {
  readonly attributes: Readonly<Record<string, AttributeEntry>>
  readonly spans: Readonly<Record<string, SpanEntry>>
  readonly metrics: Readonly<Record<string, MetricEntry>>
} = data

/** Closed enums; all others may be extended. */
export const CLOSED_ENUMS: ReadonlySet<string> = new Set([
  'http.request.method',
  'http.connection.state',
  'db.client.connection.state',
  'network.transport',
  'network.type',
])
