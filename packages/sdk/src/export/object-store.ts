import type { Attributes } from '@opentelemetry/api'
import { reportFailure } from '@spanwright/core/plugin'

import { EncodedSpan } from '../record/otlp/encoded-span.ts'
import type { ReadableSpan } from '../record/types.ts'
import type { EndedSpan, ObjectBatch, Refusal, SpanStore, StoreLimits } from './batch.ts'

/** Bytes of a span in addition to its strings: ids, times, lengths, numbers. */
const FRAME = 120
/** Bytes of an attribute, event or link in addition to its strings. */
const ITEM = 16

interface Weighed {
  readonly span: ReadableSpan
  readonly bytes: number
}

/** Spans as objects, for exporters that need them. */
export class ObjectStore implements SpanStore<ObjectBatch> {
  readonly holdsObjects: boolean = true
  private readonly limits: StoreLimits
  private queue: Weighed[] = []
  /** Index of the oldest span in the queue. */
  private first = 0
  private taken = 0
  private takenBytes = 0
  waitingBytes = 0

  constructor(limits: StoreLimits) {
    this.limits = limits
  }

  get waiting(): number {
    return this.queue.length - this.first
  }

  get size(): number {
    return this.waiting + this.taken
  }

  add(span: EndedSpan): Refusal | undefined {
    if (span instanceof EncodedSpan || this.size >= this.limits.maxQueueSize) return 'queueFull'
    const bytes = safeWeightOf(span)
    if (bytes === undefined) return 'notEncoded'
    if (this.waitingBytes + this.takenBytes + bytes > this.limits.maxQueueBytes) return 'queueFull'
    this.queue.push({ span, bytes })
    this.waitingBytes += bytes
    return undefined
  }

  take(maxSpans: number, maxBytes: number): ObjectBatch | undefined {
    let end = this.first
    let bytes = 0
    for (; end < this.queue.length && end - this.first < maxSpans; end++) {
      const next = this.queue[end]?.bytes ?? 0
      if (end > this.first && bytes + next > maxBytes) break
      bytes += next
    }
    if (end === this.first) return undefined
    const list = this.queue.slice(this.first, end).map(({ span }) => span)
    this.forget(end)
    this.waitingBytes -= bytes
    this.taken += list.length
    this.takenBytes += bytes
    return { spans: list.length, bytes, list }
  }

  split({ list, spans, bytes }: ObjectBatch): readonly [ObjectBatch, ObjectBatch] | undefined {
    if (spans < 2) return undefined
    const middle = spans >> 1
    const half = list.slice(0, middle)
    const first = { spans: middle, bytes: half.reduce((sum, span) => sum + weightOf(span), 0), list: half }
    return [first, { spans: spans - middle, bytes: bytes - first.bytes, list: list.slice(middle) }]
  }

  release({ spans, bytes }: ObjectBatch): void {
    this.taken -= spans
    this.takenBytes -= bytes
  }

  clear(): number {
    const count = this.waiting
    this.queue = []
    this.first = 0
    this.waitingBytes = 0
    return count
  }

  private forget(end: number): void {
    this.queue.fill(undefined as never, this.first, end)
    this.first = end
    if (this.first * 2 < this.queue.length) return
    this.queue = this.queue.slice(this.first)
    this.first = 0
  }
}

/** Undefined for a span that a processor made unreadable. */
function safeWeightOf(span: ReadableSpan): number | undefined {
  try {
    const weight = weightOf(span)
    if (Number.isFinite(weight)) return weight
    reportFailure('measuring a span', new TypeError('one of its names is not a string'))
  } catch (error) {
    reportFailure('measuring a span', error)
  }
  return undefined
}

/** Approximate size of a span in bytes. */
function weightOf({ name, attributes, events, links, status }: ReadableSpan): number {
  let bytes = FRAME + name.length + (status.message?.length ?? 0) + attributesWeight(attributes)
  for (const event of events) bytes += ITEM + event.name.length + attributesWeight(event.attributes)
  for (const link of links) bytes += 2 * ITEM + attributesWeight(link.attributes)
  return bytes
}

function attributesWeight(attributes: Attributes | undefined): number {
  let bytes = 0
  for (const key in attributes) bytes += ITEM + key.length + valueWeight(attributes[key])
  return bytes
}

function valueWeight(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  if (value instanceof Uint8Array) return value.length
  if (!Array.isArray(value)) return attributesWeight(value as Attributes)
  let bytes = 0
  for (const item of value) bytes += typeof item === 'string' ? item.length + 4 : ITEM + valueWeight(item)
  return bytes
}
