import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import { diag } from '@opentelemetry/api'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { canary, checkMetrics, checkSpans, expectNoCanary } from '@spanwright/testing'

import { OpenSpans } from './open-spans.ts'
import { mergeSightings, type Sighting, writeRecording } from './recording.ts'
import { sightingOfMetric, sightingOfSpan } from './sighting.ts'
import { vocabularyOf } from './vocabulary.ts'

/** Attributes that tests of the packages set themselves, as a user would. */
const SET_BY_TESTS = ['test.*', 'custom.*', 'shop.*', 'tenant', 'kind']

/** A method that tests make a known one. */
const KNOWN_TO_TESTS = "got 'PURGE'"

/** Packages whose spans contain only data of their user. */
const HOLDS_ONLY_THE_USERS = '@spanwright/core'

let sightings: Sighting[] = []
let faults: string[] = []
let openSpans: OpenSpans

function lookAtSpan(message: unknown): void {
  const span = message as ReadableSpan
  const { name } = span.instrumentationScope
  if (!name.startsWith('@spanwright/') || name === HOLDS_ONLY_THE_USERS) return
  const semconv = vocabularyOf(span.attributes)
  for (const { subject, fault } of checkSpans([span], { semconv, allow: SET_BY_TESTS })) {
    report(name, subject, fault, semconv)
  }
  if (semconv === 'latest') sightings.push(sightingOfSpan(span))
}

function lookAtMetric(message: unknown): void {
  const { scope, metric } = message as { scope: string; metric: MetricData }
  if (!scope.startsWith('@spanwright/')) return
  const vocabularies = metric.dataPoints.map(point => vocabularyOf(point.attributes))
  const semconv = vocabularies.find(vocabulary => vocabulary !== 'latest') ?? 'latest'
  for (const { subject, fault } of checkMetrics([metric], { semconv, allow: SET_BY_TESTS })) {
    report(scope, subject, fault, semconv)
  }
  if (semconv === 'latest' && metric.dataPoints.length > 0) sightings.push(sightingOfMetric(scope, metric))
}

function report(scope: string, subject: string, fault: string, semconv: string): void {
  if (!fault.endsWith(KNOWN_TO_TESTS)) faults.push(`${scope}: ${subject}: ${fault} (${semconv})`)
}

function failOnFaults(): void {
  const found = [...new Set(faults)]
  faults = []
  if (found.length > 0) throw new Error(`not what the semantic conventions say:\n${found.join('\n')}`)
}

/** Values that must not appear in the telemetry of any test: those of the environment, and passwords of the services. */
process.env['SPANWRIGHT_TEST_SECRET'] = canary('zq-secret-of-the-environment')
function plantSecret(secret: unknown): void {
  canary(String(secret))
}

// Not when the file is loaded: without a test that runs, nothing is called that unsubscribes.
beforeAll(() => {
  openSpans = new OpenSpans(() => expect.getState().currentTestName ?? 'no test')
  subscribe('spanwright.services.secret', plantSecret)
  subscribe('spanwright.testing.span', lookAtSpan)
  subscribe('spanwright.testing.metric', lookAtMetric)
})

afterEach(() => {
  sightings = mergeSightings(sightings)
  failOnFaults()
})

afterAll(async () => {
  const remaining = await openSpans.remaining()
  openSpans.stop()
  // What stays subscribed to channels of Node must not log to the console of a file that has ended.
  diag.disable()
  unsubscribe('spanwright.services.secret', plantSecret)
  unsubscribe('spanwright.testing.span', lookAtSpan)
  unsubscribe('spanwright.testing.metric', lookAtMetric)
  const { testPath } = expect.getState()
  const { spansAreRecorded } = globalThis as { readonly spansAreRecorded?: boolean }
  if (spansAreRecorded && testPath) writeRecording(testPath, mergeSightings(sightings))
  failOnFaults()
  await expectNoCanary()
  if (remaining.length > 0) throw new Error(`spans that have not ended:\n${remaining.join('\n')}`)
})
