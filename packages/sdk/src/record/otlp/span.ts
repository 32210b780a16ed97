import {
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  SpanStatusCode,
  type TraceState,
} from '@opentelemetry/api'
import { reportFailure } from '@spanwright/core/plugin'

import { RANDOM_FLAG } from '../../sampling/trace-origin.ts'
import { RecordingSpan } from '../span/recording-span.ts'
import type { ReadableSpan, TimedEvent } from '../types.ts'
import { writeAttribute } from './attributes.ts'
import { EncodedSpan } from './encoded-span.ts'
import type { Writer } from './writer.ts'

// Tags of ScopeSpans, Span, Event, Link and Status in opentelemetry/proto/trace/v1/trace.proto: number of the field
// and kind of its value.
const SPAN = 0x12
const TRACE_ID = 0x0a
const SPAN_ID = 0x12
const TRACE_STATE = 0x1a
const PARENT_SPAN_ID = 0x22
const NAME = 0x2a
const KIND = 0x30
const START_TIME = 0x39
const END_TIME = 0x41
const ATTRIBUTES = 0x4a
const DROPPED_ATTRIBUTES = 0x50
const EVENTS = 0x5a
const DROPPED_EVENTS = 0x60
const LINKS = 0x6a
const DROPPED_LINKS = 0x70
const STATUS = 0x7a
const FLAGS = [0x85, 0x01] as const

const EVENT_TIME = 0x09
const EVENT_NAME = 0x12
const EVENT_ATTRIBUTES = 0x1a
const EVENT_DROPPED = 0x20

const LINK_TRACE_ID = 0x0a
const LINK_SPAN_ID = 0x12
const LINK_TRACE_STATE = 0x1a
const LINK_ATTRIBUTES = 0x22
const LINK_DROPPED = 0x28
const LINK_FLAGS = 0x35

const STATUS_MESSAGE = 0x12
const STATUS_CODE = 0x18

const NS_PER_SECOND = 1e9
const NS_PER_MS = 1e6

const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8

const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200

/** Bytes of ids, times, kind and flags, with their tags. */
const FIXED = 96

/** Changes values while they are encoded. */
export interface Concealer {
  value(key: string, value: unknown): unknown
  text(text: string): string
}

/** Writes a span as a field of the spans of a scope. */
export function writeSpan(writer: Writer, span: ReadableSpan | EncodedSpan, conceal?: Concealer): void {
  const opened = writer.open(SPAN)
  if (span instanceof EncodedSpan) {
    writer.reserve(span.fields.length)
    writer.raw(span.fields)
    writeTraceState(writer, TRACE_STATE, span.traceState)
  } else {
    writeFields(writer, span, conceal)
    writeTraceState(writer, TRACE_STATE, traceStateOf(span))
  }
  writer.close(opened)
}

/** Encodes a span before the decision on its trace. @returns undefined when that fails, which is reported */
export function encodeEarly(
  writer: Writer,
  span: ReadableSpan,
  conceal?: Concealer,
): EncodedSpan | undefined {
  writer.begin()
  try {
    writeFields(writer, span, conceal)
    const fields = writer.bytes.subarray(writer.start, writer.position)
    return new EncodedSpan(span.instrumentationScope, traceStateOf(span), fields)
  } catch (error) {
    writer.cancel()
    reportFailure('encoding a span', error)
    return undefined
  }
}

function writeFields(writer: Writer, span: ReadableSpan, conceal: Concealer | undefined): void {
  writer.reserve(FIXED)
  const isOwn = span instanceof RecordingSpan
  if (isOwn) writeOwnIds(writer, span)
  else writeIds(writer, span)
  writer.bytes[writer.position++] = KIND
  writer.bytes[writer.position++] = span.kind + 1
  if (isOwn && span.isTimedHere) {
    const { anchor } = span.identity.trace
    writeClock(writer, START_TIME, anchor, span.started)
    writeClock(writer, END_TIME, anchor, span.finished)
  } else {
    writeTime(writer, START_TIME, span.startTime)
    writeTime(writer, END_TIME, span.endTime)
  }
  writer.string(NAME, conceal === undefined ? span.name : conceal.text(span.name))
  const pairs = isOwn ? span.recorded.pairs : undefined
  if (!isOwn || pairs === undefined) writeAttributes(writer, ATTRIBUTES, span.attributes, conceal)
  else writePairs(writer, pairs, span.recorded.size, conceal)
  if (isOwn) writeParts(writer, conceal, span.eventList, span.linkList)
  else writeParts(writer, conceal, span.events, span.links)
  writer.count(DROPPED_ATTRIBUTES, span.droppedAttributesCount)
  writer.count(DROPPED_EVENTS, span.droppedEventsCount)
  writer.count(DROPPED_LINKS, span.droppedLinksCount)
  if (span.status.code !== SpanStatusCode.UNSET)
    writeStatus(writer, span.status.code, span.status.message, conceal)
}

function writeOwnIds(writer: Writer, { identity, parent }: RecordingSpan): void {
  const { trace, high, low, traceFlags } = identity
  writer.words(TRACE_ID, TRACE_ID_BYTES, trace.first, trace.second)
  writer.moreWords(trace.third, trace.fourth)
  writer.words(SPAN_ID, SPAN_ID_BYTES, high, low)
  if (parent !== undefined) writer.words(PARENT_SPAN_ID, SPAN_ID_BYTES, parent.high, parent.low)
  writeFlags(writer, flagsOf(traceFlags, trace.isRandom, parent?.isRemote))
}

function writeIds(writer: Writer, span: ReadableSpan): void {
  const { parentSpanContext: parent, isTraceIdRandom } = span
  const { traceId, spanId, traceFlags } = span.spanContext()
  writer.id(TRACE_ID, traceId, TRACE_ID_BYTES)
  writer.id(SPAN_ID, spanId, SPAN_ID_BYTES)
  if (parent !== undefined) writer.id(PARENT_SPAN_ID, parent.spanId, SPAN_ID_BYTES)
  writeFlags(writer, flagsOf(traceFlags, isTraceIdRandom === true, parent?.isRemote))
}

function writeFlags(writer: Writer, flags: number): void {
  writer.bytes[writer.position++] = FLAGS[0]
  writer.bytes[writer.position++] = FLAGS[1]
  writer.fixed32(flags)
}

function writeParts(
  writer: Writer,
  conceal: Concealer | undefined,
  events: readonly TimedEvent[] | undefined,
  links: readonly Link[] | undefined,
): void {
  if (events) for (const event of events) writeEvent(writer, event, conceal)
  if (links) for (const link of links) writeLink(writer, link, conceal)
}

function traceStateOf(span: ReadableSpan): TraceState | undefined {
  return span instanceof RecordingSpan ? span.identity.traceState : span.spanContext().traceState
}

function writeTraceState(writer: Writer, tag: number, traceState: TraceState | undefined): void {
  if (traceState !== undefined) writer.string(tag, traceState.serialize())
}

function writePairs(
  writer: Writer,
  pairs: readonly unknown[],
  size: number,
  conceal: Concealer | undefined,
): void {
  for (let index = 0; index < size; index += 2) {
    const key = pairs[index] as string
    const value = pairs[index + 1]
    writeAttribute(writer, ATTRIBUTES, key, conceal === undefined ? value : conceal.value(key, value))
  }
}

function writeTime(writer: Writer, tag: number, [seconds, nanoseconds]: HrTime): void {
  writer.time(tag, seconds, NS_PER_SECOND, nanoseconds)
}

/** Writes a time of `performance.now()` as time since 1970. */
function writeClock(writer: Writer, tag: number, anchor: number, now: number): void {
  const whole = Math.floor(now)
  writer.time(tag, anchor + whole, NS_PER_MS, Math.round((now - whole) * NS_PER_MS))
}

function flagsOf(traceFlags: number, isRandom: boolean, isRemote: boolean | undefined): number {
  return (
    (traceFlags & 0xff) | (isRandom ? RANDOM_FLAG : 0) | HAS_IS_REMOTE | (isRemote === true ? IS_REMOTE : 0)
  )
}

function writeEvent(writer: Writer, event: TimedEvent, conceal: Concealer | undefined): void {
  const opened = writer.open(EVENTS)
  writer.reserve(9)
  writeTime(writer, EVENT_TIME, event.time)
  writer.string(EVENT_NAME, conceal === undefined ? event.name : conceal.text(event.name))
  writeAttributes(writer, EVENT_ATTRIBUTES, event.attributes, conceal)
  writer.count(EVENT_DROPPED, event.droppedAttributesCount ?? 0)
  writer.close(opened)
}

function writeLink(writer: Writer, link: Link, conceal: Concealer | undefined): void {
  const opened = writer.open(LINKS)
  writer.reserve(40)
  const { traceId, spanId, traceFlags, traceState, isRemote }: SpanContext = link.context
  writer.id(LINK_TRACE_ID, traceId, TRACE_ID_BYTES)
  writer.id(LINK_SPAN_ID, spanId, SPAN_ID_BYTES)
  writer.bytes[writer.position++] = LINK_FLAGS
  writer.fixed32(flagsOf(traceFlags, false, isRemote))
  writeTraceState(writer, LINK_TRACE_STATE, traceState)
  writeAttributes(writer, LINK_ATTRIBUTES, link.attributes, conceal)
  writer.count(LINK_DROPPED, link.droppedAttributesCount ?? 0)
  writer.close(opened)
}

function writeAttributes(
  writer: Writer,
  tag: number,
  attributes: Attributes | undefined,
  conceal: Concealer | undefined,
): void {
  for (const key in attributes) {
    const value = attributes[key]
    if (value === undefined || !Object.hasOwn(attributes, key)) continue
    writeAttribute(writer, tag, key, conceal === undefined ? value : conceal.value(key, value))
  }
}

function writeStatus(
  writer: Writer,
  code: number,
  message: string | undefined,
  conceal: Concealer | undefined,
): void {
  const opened = writer.open(STATUS)
  writer.count(STATUS_CODE, code)
  if (message !== undefined)
    writer.string(STATUS_MESSAGE, conceal === undefined ? message : conceal.text(message))
  writer.close(opened)
}
