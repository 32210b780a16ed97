import type { EncodedSpan } from '../record/otlp/encoded-span.ts'
import type { ReadableSpan } from '../record/types.ts'

// The seam between the recorder, which fills stores, and the exporters, which empty them.
//
// record/ owns the stores: what a waiting span is (bytes or an object), how it is bounded in spans and bytes, and how
// batches are cut. export/ owns the queue around a store and the sender behind it: the schedule (one export at a time
// per exporter), retries, splitting after a 413 or RESOURCE_EXHAUSTED, and the counts of outcomes. A queue calls
// `add` for each ended span and counts a refusal as `queueFull`; it calls `take` for each request, and `release` with
// the same batch, or with both halves of a split one, once its outcome is known.

/** What one request to an endpoint carries. */
export interface Batch {
  readonly spans: number
  /** The size of the request in bytes; an estimate where it is a list of objects. */
  readonly bytes: number
}

/** Spans in the bytes of an OTLP `ExportTraceServiceRequest`: the parts, one after the other, are the message. */
export interface ByteBatch extends Batch {
  readonly parts: readonly Uint8Array[]
}

/** Spans for an exporter that needs objects. */
export interface ObjectBatch extends Batch {
  readonly list: ReadableSpan[]
}

/** The most that waits for one exporter, together with what is on its way. */
export interface StoreLimits {
  readonly maxQueueSize: number
  readonly maxQueueBytes: number
}

/** A span that has ended; only a store of bytes is ever given one that is encoded. */
export type EndedSpan = ReadableSpan | EncodedSpan

/** Spans that wait for one exporter. */
export interface SpanStore<Kind extends Batch = Batch> {
  /** Whether spans stay the objects they are. */
  readonly holdsObjects: boolean
  /** Spans that wait and were not taken yet. */
  readonly waiting: number
  /** Bytes of these. */
  readonly waitingBytes: number
  /** Spans that wait or were taken and not released. */
  readonly size: number
  /**
   * Keeps an ended span.
   * @returns false when it does not fit
   */
  add(span: EndedSpan): boolean
  /**
   * Takes the oldest spans, at least one even when it alone is larger than `maxBytes`.
   * @returns undefined when none wait
   */
  take(maxSpans: number, maxBytes: number): Kind | undefined
  /**
   * Cuts a batch in two of about the same size.
   * @returns undefined when it holds a single span
   */
  split(batch: Kind): readonly [Kind, Kind] | undefined
  /** Makes room for what a batch held. */
  release(batch: Kind): void
  /**
   * Lets go of all that waits.
   * @returns how many spans these were
   */
  clear(): number
}
