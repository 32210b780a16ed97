import data from './registry.json'

/** What the conventions say of one attribute. */
export interface AttributeEntry {
  /** `string`, `int`, `double`, `boolean`, `any`, `string[]`, or `template[…]` for a prefix of keys. */
  readonly type: string
  /** Members of its enum. Open unless the key is one of `CLOSED_ENUMS`. */
  readonly values?: readonly string[]
  /** Former members of its enum, with their successors. */
  readonly deprecatedValues?: Readonly<Record<string, string>>
  /** What to do instead, for a key that is not to be used any more. */
  readonly deprecated?: string
}

/** What the conventions say of one type of span. */
export interface SpanEntry {
  readonly kind: string
  readonly required: readonly string[]
  /** Attributes that make a span one of this type. */
  readonly fixed: Readonly<Record<string, string>>
}

/** What the conventions say of one metric. */
export interface MetricEntry {
  readonly instrument: string
  readonly unit: string
  readonly required: readonly string[]
  readonly attributes: readonly string[]
  readonly boundaries?: readonly number[]
}

/** Semantic conventions 1.45.0, as far as HTTP, PostgreSQL and Kafka need them. */
export const REGISTRY: {
  readonly attributes: Readonly<Record<string, AttributeEntry>>
  readonly spans: Readonly<Record<string, SpanEntry>>
  readonly metrics: Readonly<Record<string, MetricEntry>>
} = data

/** Enums whose members are all there is; every other one may be extended. */
export const CLOSED_ENUMS: ReadonlySet<string> = new Set([
  'http.request.method',
  'http.connection.state',
  'db.client.connection.state',
  'network.transport',
  'network.type',
])
