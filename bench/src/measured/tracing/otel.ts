import { type Instrumentation, registerInstrumentations } from '@opentelemetry/instrumentation'
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs'
import { KoaInstrumentation } from '@opentelemetry/instrumentation-koa'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'

import type { Library } from '../protocol.ts'

const INSTRUMENTATIONS: Record<Library, () => Instrumentation[]> = {
  express: () => [new HttpInstrumentation(), new ExpressInstrumentation()],
  koa: () => [new HttpInstrumentation(), new KoaInstrumentation()],
  fetch: () => [new UndiciInstrumentation()],
  undici: () => [new UndiciInstrumentation()],
  pg: () => [new PgInstrumentation()],
  'kafkajs-send': () => [new KafkaJsInstrumentation()],
  'kafkajs-each-message': () => [new KafkaJsInstrumentation()],
}

/** Registers OpenTelemetry's own instrumentation of a library, with its defaults. */
export function startOtel(library: Library): void {
  registerInstrumentations({ instrumentations: INSTRUMENTATIONS[library]() })
}
