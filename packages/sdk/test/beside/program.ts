import { context, propagation, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { AlwaysOnSampler, BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { startTracing } from '@spanwright/sdk'

import type { Scenario } from './scenario.ts'

/** Runs a scenario on one of the two SDKs; its spans go to the endpoint that the variable names. */
async function main(sdk: string, name: string): Promise<void> {
  const { scenario } = (await import(`./scenarios/${name}.ts`)) as { scenario: Scenario }
  if (sdk === 'spanwright') await onSpanwright(scenario)
  else await onOpenTelemetry(scenario)
}

async function onSpanwright({ run, propagator, ...parts }: Scenario): Promise<void> {
  const tracing = startTracing({ ...parts, ...(propagator && { propagators: [propagator] }), metrics: false })
  await run(tracing.tracerProvider)
  await tracing.shutdown()
  const { dropped, exported } = tracing.counts().exporters[0] ?? {}
  const lost = Object.values(dropped ?? {}).some(count => count > 0)
  if (lost || exported === 0) throw new Error(`spans are missing: ${JSON.stringify(tracing.counts())}`)
}

async function onOpenTelemetry({ run, sampler, spanProcessors = [], ...parts }: Scenario): Promise<void> {
  const exporter = new BatchSpanProcessor(new OTLPTraceExporter())
  const provider = new NodeTracerProvider({
    sampler: sampler ?? new AlwaysOnSampler(),
    spanProcessors: [...spanProcessors, exporter],
  })
  provider.register(parts)
  await run(provider)
  await provider.shutdown()
  for (const part of [context, propagation, trace]) part.disable()
}

const [, , sdk = '', name = ''] = process.argv
void main(sdk, name)
