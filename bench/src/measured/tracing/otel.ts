import { type Instrumentation, registerInstrumentations } from '@opentelemetry/instrumentation'
import { ExpressInstrumentation, ExpressLayerType } from '@opentelemetry/instrumentation-express'
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs'
import { KoaInstrumentation, KoaLayerType } from '@opentelemetry/instrumentation-koa'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'

import type { Library } from '../protocol.ts'

const { MIDDLEWARE, REQUEST_HANDLER, ROUTER } = ExpressLayerType

function express(isLean: boolean): Instrumentation[] {
  const ignoreLayersType = isLean ? [MIDDLEWARE, REQUEST_HANDLER, ROUTER] : []
  return [new HttpInstrumentation(), new ExpressInstrumentation({ ignoreLayersType })]
}

function koa(isLean: boolean): Instrumentation[] {
  const ignoreLayersType = isLean ? [KoaLayerType.MIDDLEWARE, KoaLayerType.ROUTER] : []
  return [new HttpInstrumentation(), new KoaInstrumentation({ ignoreLayersType })]
}

const pg = (isLean: boolean): Instrumentation[] => [new PgInstrumentation({ ignoreConnectSpans: isLean })]

const http = (): Instrumentation[] => [new HttpInstrumentation()]

const undici = (): Instrumentation[] => [new UndiciInstrumentation()]

const kafkajs = (): Instrumentation[] => [new KafkaJsInstrumentation()]

const grpc = (): Instrumentation[] => [new GrpcInstrumentation()]

const INSTRUMENTATIONS: Record<Library, (isLean: boolean) => Instrumentation[]> = {
  sdk: () => [],
  'with-span': () => [],
  express,
  koa,
  'http-server': http,
  'http-client': http,
  fetch: undici,
  undici,
  pg,
  'kafkajs-send': kafkajs,
  'kafkajs-each-message': kafkajs,
  'grpc-server': grpc,
  'grpc-client': grpc,
  service: isLean => [...express(isLean), ...undici(), ...pg(isLean)],
}

/**
 * Registers OpenTelemetry's own instrumentation of a library.
 * @param isLean whether it is configured to make as many spans as this project does; otherwise it has its defaults
 */
export function startOtel(library: Library, isLean: boolean): void {
  registerInstrumentations({ instrumentations: INSTRUMENTATIONS[library](isLean) })
}
