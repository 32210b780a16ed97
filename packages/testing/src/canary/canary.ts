import { AssertionError } from 'node:assert'
import { types } from 'node:util'

import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { lineOf } from '../print/printer.ts'
import { collectors, type Watcher, watchers } from '../record/watch.ts'
import { readingsOf } from './decode.ts'
import { placesOfMetric, placesOfSpan } from './places.ts'

/** Shorter text is found by chance. */
const SHORTEST = 6

/** Planted values, by the form in which they are looked for. */
const planted = new Map<string, string>()

/** Where canaries came out, one line each. */
const found = new Set<string>()

/** Texts looked at already; most of them come again with each span. */
const seen = new Set<string>()
const MOST_SEEN = 10_000

const watcher: Watcher = {
  span: span => lookAtSpan(span),
  metric(scope, metric) {
    for (const [place, text] of placesOfMetric(metric))
      look(text, `${place} of the metric ${metric.descriptor.name} of ${scope}`)
  },
  field: (key, value) => look(`${key}: ${value}`, `the field ${key} that was sent`),
}

/**
 * Plants a value that must not come out in any telemetry, and returns it. From now on everything that the recorders of
 * this test would export is searched for it.
 * @throws TypeError when the value is not text of at least 6 characters
 */
export function canary<Value extends string>(value: Value): Value {
  if (typeof value !== 'string' || value.length < SHORTEST) {
    throw new TypeError(
      `expected a canary of at least ${SHORTEST} characters, since shorter text is found by chance; got ${JSON.stringify(value)}`,
    )
  }
  watchers.add(watcher)
  planted.set(normalise(value), value)
  seen.clear()
  return value
}

/**
 * Asserts that no canary came out since it was planted: in names, attributes, events, links, status, resource, scope
 * and trace state of finished spans, in metrics, and in what the recorder's propagator put into headers, messages and
 * comments; as it is, or percent-encoded, escaped, in base64 or hexadecimal, within each other.
 * @param others more places to search, such as captured requests or log lines: text, bytes, or objects of them
 * @throws AssertionError with every place where one came out
 * @throws TypeError when no canary was planted
 */
export async function expectNoCanary(...others: readonly unknown[]): Promise<void> {
  if (planted.size === 0) {
    throw new TypeError(
      "no canary was planted: call canary('…') and pass what it returns to the code under test",
    )
  }
  for (const collect of collectors) await collect()
  for (const [index, other] of others.entries()) lookWithin(other, `argument ${index + 1}`, new Set())
  if (found.size === 0) return
  const message = `canaries came out:\n${[...found].map(line => `  ${line}`).join('\n')}`
  found.clear()
  throw new AssertionError({ message, stackStartFn: expectNoCanary })
}

function lookAtSpan(span: ReadableSpan): void {
  for (const [place, text] of placesOfSpan(span)) look(text, `${place} of ${lineOf(span)}`)
}

function lookWithin(value: unknown, where: string, ancestors: Set<object>): void {
  if (typeof value === 'string') look(value, where)
  else if (types.isUint8Array(value)) look(Buffer.from(value).toString(), where)
  else if (typeof value === 'object' && value !== null && !ancestors.has(value)) {
    ancestors.add(value)
    const entries = value instanceof Map ? [...value] : Object.entries(value)
    for (const [key, item] of entries) {
      look(String(key), `a key of ${where}`)
      lookWithin(item, `${where}, ${String(key)}`, ancestors)
    }
  }
}

function look(text: string, where: string): void {
  if (seen.has(text)) return
  let isClean = true
  for (const { text: reading, encoding } of readingsOf(text)) {
    const normal = normalise(reading)
    for (const [needle, value] of planted) {
      if (!normal.includes(needle)) continue
      found.add(`${JSON.stringify(value)} in ${where}${encoding === '' ? '' : ` (${encoding})`}`)
      isClean = false
    }
  }
  if (isClean && seen.size < MOST_SEEN) seen.add(text)
}

function normalise(text: string): string {
  return text.normalize('NFC').toLowerCase()
}
