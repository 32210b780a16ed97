import { diag } from '@opentelemetry/api'

import type { Environment } from '../start/environment.ts'
import type { SpanExporter, SpanProcessor } from '../record/types.ts'
import type { ByteBatch, ObjectBatch } from './batch.ts'
import { ConsoleExporter } from './console/exporter.ts'
import { AbsentCollector, isDevelopment } from './otlp/absent.ts'
import { Delivery } from './otlp/delivery.ts'
import { GrpcTransport } from './otlp/grpc.ts'
import { HttpTransport } from './otlp/http.ts'
import type { OtlpOptions } from './otlp/options.ts'
import { type OtlpTarget, type SignalName, targetOf } from './otlp/target.ts'
import type { Transport } from './otlp/transport.ts'
import { ByteSender, ObjectSender, type Sender } from './sender.ts'

/** Where spans are exported: over OTLP, as a tree to the console, nowhere, or to your own exporter. */
export type ExporterChoice = 'otlp' | 'console' | 'none' | OtlpOptions | SpanExporter

/** An exporter and its name in reports. */
export type NamedExporter = Named &
  (
    | { readonly takes: 'bytes'; readonly sender: Sender<ByteBatch> }
    | { readonly takes: 'objects'; readonly sender: Sender<ObjectBatch> }
  )

interface Named {
  readonly name: string
  /** URL of its endpoint, if it sends over the network. */
  readonly url?: string | undefined
  /** A processor that must see spans when they start. */
  readonly watcher?: SpanProcessor | undefined
}

/** Creates the exporters selected by the option or by `OTEL_TRACES_EXPORTER`. */
export function makeExporters(
  choice: ExporterChoice | readonly ExporterChoice[] | undefined,
  environment: Environment,
): NamedExporter[] {
  const choices =
    choice === undefined
      ? environment.listOf('OTEL_TRACES_EXPORTER', ['otlp', 'console', 'none'], ['otlp'])
      : listOf(choice)
  const canPrint = !choices.includes('console') && isDevelopment()
  return choices.flatMap(one => (one === 'none' ? [] : makeExporter(one, environment, canPrint)))
}

/** One choice or several, as an array. */
export function listOf<Choice>(choice: Choice | readonly Choice[]): readonly Choice[] {
  return Array.isArray(choice) ? (choice as readonly Choice[]) : [choice as Choice]
}

function makeExporter(
  choice: Exclude<ExporterChoice, 'none'>,
  environment: Environment,
  canPrint: boolean,
): NamedExporter {
  if (choice === 'console') return takingObjects('console', new ConsoleExporter())
  if (choice !== 'otlp' && isExporter(choice)) {
    return takingObjects(choice.constructor?.name || 'exporter', choice)
  }
  const { target, transport } = makeOtlp('traces', choice === 'otlp' ? {} : choice, environment)
  const absent = new AbsentCollector(target, canPrint)
  const delivery = new Delivery(transport, reason => absent.notice(reason))
  return {
    name: `otlp ${target.protocol}`,
    takes: 'bytes',
    sender: new ByteSender(delivery, target.timeout, absent),
    url: target.url,
  }
}

function takingObjects(name: string, exporter: SpanExporter): NamedExporter {
  const watcher = exporter instanceof ConsoleExporter ? exporter.watcher() : undefined
  return { name, takes: 'objects', sender: new ObjectSender(exporter), watcher }
}

/** True for an object that exports spans by itself. */
function isExporter(value: unknown): value is SpanExporter {
  return typeof (value as SpanExporter | undefined)?.export === 'function'
}

/** An OTLP target and its delivery. */
export interface Otlp {
  readonly target: OtlpTarget
  readonly transport: Transport
}

/**
 * Creates the OTLP delivery of a signal.
 * @throws TypeError when the options select gRPC and its package is not installed
 */
export function makeOtlp(signal: SignalName, options: OtlpOptions, environment: Environment): Otlp {
  const target = targetOf(signal, options, environment)
  if (target.protocol !== 'grpc') return { target, transport: new HttpTransport(target) }
  try {
    return { target, transport: new GrpcTransport(target) }
  } catch (error) {
    if (options.protocol !== undefined) throw error
    // A variable that cannot be followed must not prevent the app from starting.
    diag.warn(`spanwright: ${(error as Error).message}; http/protobuf is used instead`)
    return makeOtlp(signal, { ...options, protocol: 'http/protobuf' }, environment)
  }
}
