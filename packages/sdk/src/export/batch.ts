import type { EncodedSpan } from '../record/otlp/encoded-span.ts'
import type { ReadableSpan } from '../record/types.ts'

// The seam between the recorder, which fills stores, and the exporters, which empty them.
//
// record/ owns the stores: what a waiting span is (bytes or an object), how it is bounded in spans and bytes, and how
// batches are cut. export/ owns the queue around a store and the sender behind it: the schedule (one export at a time
// per exporter), retries, splitting after a 413 or RESOURCE_EXHAUSTED, and the counts of outcomes. A queue calls
// `add` for each ended span and counts the reason of a refusal; it calls `take` for each request, and `release` with the
// same batch, or with both halves of a split one, once its outcome is known.

/** The contents of one request to an endpoint. */
export interface Batch {
  readonly spans: number
  /** The size of the request in bytes; an estimate for an array of objects. */
  readonly bytes: number
}

/** Spans encoded as an OTLP `ExportTraceServiceRequest`: the concatenated parts are the message. */
export interface ByteBatch extends Batch {
  readonly parts: readonly Uint8Array[]
}

/** Spans for an exporter that needs objects. */
export interface ObjectBatch extends Batch {
  readonly list: ReadableSpan[]
}

/** The maximum number of waiting and in-flight spans and bytes of one exporter. */
export interface StoreLimits {
  readonly maxQueueSize: number
  readonly maxQueueBytes: number
}

/** A span that has ended; only byte stores receive encoded ones. */
export type EndedSpan = ReadableSpan | EncodedSpan

/** Why a store refused a span: it does not fit, or contains something that cannot be encoded. */
export type Refusal = 'queueFull' | 'notEncoded'

/** Spans that wait for one exporter. */
export interface SpanStore<Kind extends Batch = Batch> {
  /** Whether spans are stored as objects. */
  readonly holdsObjects: boolean
  /** Number of waiting spans not taken yet. */
  readonly waiting: number
  /** Their size in bytes. */
  readonly waitingBytes: number
  /** Number of spans that wait, or were taken and not released. */
  readonly size: number
  /**
   * Stores an ended span.
   * @returns why it was refused; undefined if it is stored
   */
  add(span: EndedSpan): Refusal | undefined
  /**
   * Takes the oldest spans: at least one, even if it alone is larger than `maxBytes`.
   * @returns undefined when none is waiting
   */
  take(maxSpans: number, maxBytes: number): Kind | undefined
  /**
   * Splits a batch into two of about the same size.
   * @returns undefined when it contains a single span
   */
  split(batch: Kind): readonly [Kind, Kind] | undefined
  /** Frees the space of a batch. */
  release(batch: Kind): void
  /**
   * Discards all waiting spans.
   * @returns the number of discarded spans
   */
  clear(): number
}
