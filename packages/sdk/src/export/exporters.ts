import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'

import { ConsoleExporter } from './console/exporter.ts'
import type { Environment } from '../start/environment.ts'
import type { SpanExporter } from '../record/types.ts'
import { makeOtlp, type OtlpOptions, type Signal } from './otlp.ts'
import { RetryingExporter } from './retrying-exporter.ts'

/** Where spans go: OTLP, a tree on the console, nowhere, or an exporter of one's own. */
export type ExporterChoice = 'otlp' | 'console' | 'none' | OtlpOptions | SpanExporter

/** An exporter and what it is called in reports. */
export interface NamedExporter {
  readonly name: string
  readonly exporter: SpanExporter
  /** Where it sends, if over the network. */
  readonly url?: string | undefined
}

const TRACES: Signal<SpanExporter> = {
  name: 'traces',
  'http/protobuf': ProtobufExporter,
  'http/json': JsonExporter,
  grpc: { package: '@opentelemetry/exporter-trace-otlp-grpc', exported: 'OTLPTraceExporter' },
}

const DEFAULT_TIMEOUT = 10_000

/** Makes the exporters that were asked for, by option or by `OTEL_TRACES_EXPORTER`. */
export function makeExporters(
  choice: ExporterChoice | readonly ExporterChoice[] | undefined,
  environment: Environment,
): NamedExporter[] {
  const choices =
    choice === undefined
      ? environment.listOf('OTEL_TRACES_EXPORTER', ['otlp', 'console', 'none'], ['otlp'])
      : listOf(choice)
  return choices.flatMap(one => (one === 'none' ? [] : makeExporter(one, environment)))
}

/** One choice or several, as a list. */
export function listOf<Choice>(choice: Choice | readonly Choice[]): readonly Choice[] {
  return Array.isArray(choice) ? (choice as readonly Choice[]) : [choice as Choice]
}

function makeExporter(choice: Exclude<ExporterChoice, 'none'>, environment: Environment): NamedExporter {
  if (choice === 'console') return { name: 'console', exporter: new ConsoleExporter() }
  if (choice !== 'otlp' && isExporter(choice)) {
    return { name: choice.constructor?.name || 'exporter', exporter: choice }
  }
  const options = choice === 'otlp' ? {} : choice
  const { protocol, exporter, url } = makeOtlp(TRACES, options, environment)
  const name = `otlp ${protocol}`
  if (protocol !== 'grpc') return { name, exporter, url }
  const limit = options.timeout ?? timeoutIn(environment)
  return { name, exporter: new RetryingExporter(exporter, limit), url }
}

/** True for an object that exports spans by itself. */
function isExporter(value: unknown): value is SpanExporter {
  return typeof (value as SpanExporter | undefined)?.export === 'function'
}

/** The exporter itself warns of a wrong one. */
function timeoutIn(environment: Environment): number {
  const name = environment.firstOf('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT')
  const timeout = Number(name && environment.text(name))
  return timeout > 0 ? timeout : DEFAULT_TIMEOUT
}
