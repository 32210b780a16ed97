import { reportFailure } from '@spanwright/core/plugin'

import type { ByteBatch, EndedSpan, Refusal, SpanStore, StoreLimits } from '../../export/batch.ts'
import type { InstrumentationScope, SpanResource } from '../types.ts'
import { requestHead, resourceField, scopeField, scopeHead } from './envelope.ts'
import { type Concealer, writeSpan } from './span.ts'
import { MAX_MESSAGE, Writer } from './writer.ts'

/** The spans of one scope, encoded one after the other. */
class Lane {
  readonly scope: Uint8Array
  readonly writer: Writer = new Writer()
  /** The segment that grows. */
  segment: Segment | undefined

  constructor(scope: InstrumentationScope) {
    this.scope = scopeField(scope)
  }
}

/** Spans of a scope that stand side by side in a buffer. */
interface Segment {
  readonly lane: Lane
  readonly bytes: Uint8Array
  from: number
  to: number
  spans: number
}

interface Batch extends ByteBatch {
  readonly segments: readonly Segment[]
}

/** Spans that were encoded when they ended, for OTLP in protobuf. */
export class ByteStore implements SpanStore<ByteBatch> {
  readonly holdsObjects: boolean = false
  private readonly limits: StoreLimits
  private readonly resource: SpanResource
  private readonly concealer: Concealer | undefined
  private readonly lanes = new Map<InstrumentationScope, Lane>()
  /** In the order in which their first spans came. */
  private segments: Segment[] = []
  private resourceBytes: Uint8Array | undefined
  private taken = 0
  private takenBytes = 0
  waiting = 0
  waitingBytes = 0

  /** @param concealer takes out what is not to leave the process */
  constructor(limits: StoreLimits, resource: SpanResource, concealer?: Concealer) {
    this.limits = limits
    this.resource = resource
    this.concealer = concealer
  }

  get size(): number {
    return this.waiting + this.taken
  }

  add(span: EndedSpan): Refusal | undefined {
    if (this.waiting + this.taken >= this.limits.maxQueueSize) return 'queueFull'
    const lane = this.laneOf(span.instrumentationScope)
    const { writer } = lane
    writer.begin()
    try {
      writeSpan(writer, span, this.concealer)
    } catch (error) {
      writer.cancel()
      reportFailure('encoding a span', error)
      return 'notEncoded'
    }
    const bytes = writer.position - writer.start
    if (bytes > MAX_MESSAGE || this.waitingBytes + this.takenBytes + bytes > this.limits.maxQueueBytes) {
      writer.cancel()
      return 'queueFull'
    }
    this.append(lane)
    this.waiting += 1
    this.waitingBytes += bytes
    return undefined
  }

  take(maxSpans: number, maxBytes: number): ByteBatch | undefined {
    const taken: Segment[] = []
    let spans = 0
    let bytes = 0
    for (const segment of this.segments) {
      const part = this.cut(
        segment,
        maxSpans - spans,
        spans === 0 ? Math.max(maxBytes, 1) : maxBytes - bytes,
        spans === 0,
      )
      if (part === undefined) break
      taken.push(part)
      spans += part.spans
      bytes += part.to - part.from
      if (segment.spans > 0) break
    }
    if (spans === 0) return undefined
    this.segments = this.segments.filter(segment => segment.spans > 0)
    this.waiting -= spans
    this.waitingBytes -= bytes
    this.taken += spans
    this.takenBytes += bytes
    return this.batchOf(taken)
  }

  split(batch: ByteBatch): readonly [ByteBatch, ByteBatch] | undefined {
    if (batch.spans < 2) return undefined
    const { segments } = batch as Batch
    const first: Segment[] = []
    const second: Segment[] = []
    let left = batch.spans >> 1
    for (const segment of segments) {
      const rest = { ...segment }
      const part = left > 0 ? this.cut(rest, left, Infinity, false) : undefined
      if (part !== undefined) {
        first.push(part)
        left -= part.spans
      }
      if (rest.spans > 0) second.push(rest)
    }
    return [this.batchOf(first), this.batchOf(second)]
  }

  release(batch: ByteBatch): void {
    this.taken -= batch.spans
    this.takenBytes -= bytesOf((batch as Batch).segments)
  }

  clear(): number {
    const { waiting } = this
    this.segments = []
    for (const lane of this.lanes.values()) lane.segment = undefined
    this.waiting = 0
    this.waitingBytes = 0
    return waiting
  }

  private laneOf(scope: InstrumentationScope): Lane {
    let lane = this.lanes.get(scope)
    if (lane === undefined) {
      lane = new Lane(scope)
      this.lanes.set(scope, lane)
    }
    return lane
  }

  private append(lane: Lane): void {
    const { bytes, start, position } = lane.writer
    let { segment } = lane
    if (segment === undefined || segment.bytes !== bytes) {
      segment = { lane, bytes, from: start, to: start, spans: 0 }
      lane.segment = segment
      this.segments.push(segment)
    }
    segment.to = position
    segment.spans += 1
  }

  /** Takes the first spans off a segment. */
  private cut(
    segment: Segment,
    maxSpans: number,
    maxBytes: number,
    atLeastOne: boolean,
  ): Segment | undefined {
    const { lane, bytes, from } = segment
    let { to, spans } = segment
    if (spans > maxSpans || to - from > maxBytes) {
      to = from
      spans = 0
      while (spans < maxSpans && to < segment.to) {
        const next = endOfMessage(bytes, to)
        if (next - from > maxBytes && !(atLeastOne && spans === 0)) break
        to = next
        spans += 1
      }
    }
    if (spans === 0) return undefined
    segment.from = to
    segment.spans -= spans
    // What is written later belongs to another segment.
    if (segment.spans === 0 && lane.segment === segment) lane.segment = undefined
    return { lane, bytes, from, to, spans }
  }

  private batchOf(segments: readonly Segment[]): Batch {
    this.resourceBytes ??= resourceField(this.resource)
    const byLane = new Map<Lane, Segment[]>()
    for (const segment of segments) {
      const others = byLane.get(segment.lane)
      if (others) others.push(segment)
      else byLane.set(segment.lane, [segment])
    }
    const scopes = [...byLane].map(([lane, own]) => [
      scopeHead(lane.scope, bytesOf(own)),
      ...own.map(({ bytes, from, to }) => bytes.subarray(from, to)),
    ])
    const parts = scopes.flat()
    const head = requestHead(this.resourceBytes, lengthOf(parts))
    return {
      spans: segments.reduce((sum, segment) => sum + segment.spans, 0),
      bytes: head.length + lengthOf(parts),
      parts: [head, ...parts],
      segments,
    }
  }
}

/** Where the message behind a tag of one byte ends. */
function endOfMessage(bytes: Uint8Array, at: number): number {
  let length = 0
  let position = at + 1
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[position++] as number
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) return position + length
  }
}

function bytesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { from, to }) => sum + to - from, 0)
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}
