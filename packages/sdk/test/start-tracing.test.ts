import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Context, context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'

import manifest from '../package.json'
import { startTracing, type StartTracingOptions } from '../src/index.ts'
import { collect } from './collector.ts'
import { collectDiag } from '@spanwright/test-kit'
import { type Endpoint, freePort, startEndpoint } from './endpoint.ts'
import { type Answer } from './host.ts'
import { useHost } from './use-host.ts'

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
const JSON_OVER_HTTP = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }

let endpoint: Endpoint
let said: ReturnType<typeof collectDiag>
const host = useHost()

beforeEach(async () => {
  endpoint = await startEndpoint()
  said = collectDiag()
})

afterEach(async () => {
  said.stop()
  await endpoint[Symbol.asyncDispose]()
})

function traceOnce(
  options: StartTracingOptions = {},
  variables: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return host.run({ options, variables: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, ...variables } })
}

describe('startTracing()', () => {
  it('sends spans over OTLP/HTTP in protobuf to the endpoint of the environment', async () => {
    const { counts, said: lines } = await traceOnce()
    expect(endpoint.arrivals).toHaveLength(1)
    expect(endpoint.arrivals[0]).toMatchObject({
      path: '/v1/traces',
      headers: { 'content-type': 'application/x-protobuf' },
    })
    expect(endpoint.arrivals[0]?.body.includes('one')).toBe(true)
    expect(counts).toMatchObject({
      started: 1,
      unsampled: 0,
      ended: 1,
      exporters: [{ name: 'otlp http/protobuf', exported: 1, waiting: 0 }],
    })
    expect(lines).toEqual([])
  })

  it('registers a provider, a context manager and propagators, and withdraws them at shutdown', async () => {
    const tracing = startTracing({ exporter: 'none', flushOnExit: false })
    expect(propagation.fields()).toEqual(['traceparent', 'tracestate', 'baggage'])
    trace.getTracer('test').startActiveSpan('outer', outer => {
      expect(outer.isRecording()).toBe(true)
      expect(trace.getSpan(context.active())).toBe(outer)
      outer.end()
    })
    await tracing.shutdown()
    expect(propagation.fields()).toEqual([])
    expect(trace.getTracer('test').startSpan('late').isRecording()).toBe(false)
  })

  it('registers the given context manager', async () => {
    const key = createContextKey('value')
    class Marking extends AsyncLocalStorageContextManager {
      override active(): Context {
        return super.active().setValue(key, 'set')
      }
    }
    await using tracing = startTracing({
      exporter: 'none',
      contextManager: new Marking(),
      flushOnExit: false,
    })
    expect(context.active().getValue(key)).toBe('set')
    await tracing.shutdown()
    expect(context.active()).toBe(ROOT_CONTEXT)
  })

  it('describes the service from the nearest package.json by default', async () => {
    await traceOnce({}, JSON_OVER_HTTP)
    const resource = endpoint.resource()
    expect(resource).toMatchObject({
      'service.name': '@spanwright/sdk',
      'service.version': manifest.version,
      'telemetry.sdk.name': 'spanwright',
      'telemetry.sdk.language': 'nodejs',
    })
    expect(resource['service.instance.id']).toMatch(UUID)
  })

  it('prefers variables to package.json, and options to variables', async () => {
    const variables = {
      ...JSON_OVER_HTTP,
      OTEL_SERVICE_NAME: 'from-variable',
      OTEL_RESOURCE_ATTRIBUTES:
        'service.name=hidden,service.version=7,team=a%20b,deployment.environment.name=test',
    }
    await traceOnce({ serviceVersion: '8', resource: { tier: 2 } }, variables)
    expect(endpoint.resource()).toMatchObject({
      'service.name': 'from-variable',
      'service.version': '8',
      'deployment.environment.name': 'test',
      team: 'a b',
      tier: 2,
    })
  })

  it('describes everything in the options, and host and process when requested', async () => {
    await traceOnce(
      {
        serviceName: 'cart',
        serviceVersion: '1',
        serviceInstanceId: 'i',
        environment: 'staging',
        detectors: ['host', 'process', 'os', 'container'],
      },
      { ...JSON_OVER_HTTP, OTEL_SERVICE_NAME: 'from-variable' },
    )
    expect(endpoint.resource()).toMatchObject({
      'service.name': 'cart',
      'service.version': '1',
      'service.instance.id': 'i',
      'deployment.environment.name': 'staging',
      'process.pid': expect.any(Number),
      'os.type': process.platform,
      'host.name': expect.any(String),
    })
  })

  it('allows another SDK name in the resource, which some backends use to classify', async () => {
    await traceOnce({ resource: { 'telemetry.sdk.name': 'opentelemetry' } }, JSON_OVER_HTTP)
    expect(endpoint.resource()).toMatchObject({
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.version': manifest.version,
    })
  })

  it('prefers the options of an exporter to the variables', async () => {
    await using other = await startEndpoint()
    await traceOnce(
      {
        exporter: {
          protocol: 'http/json',
          url: `${other.url}/elsewhere`,
          headers: { 'x-key': 'code' },
          compression: 'gzip',
        },
      },
      { OTEL_EXPORTER_OTLP_HEADERS: 'x-key=variable,x-other=1', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    )
    expect(endpoint.arrivals).toEqual([])
    expect(other.accepted()).toEqual(['one'])
    expect(other.arrivals[0]).toMatchObject({
      path: '/elsewhere',
      headers: { 'x-key': 'code', 'x-other': '1', 'content-encoding': 'gzip' },
    })
  })

  it('sends to several exporters, each with its own queue', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`
    const { counts } = await traceOnce({
      exporter: [{ url, timeout: 300 }, { protocol: 'http/json' }],
    })
    expect(endpoint.accepted()).toEqual(['one'])
    expect(counts.exporters).toMatchObject([
      { exported: 0, dropped: { failed: 1 }, lastError: expect.stringContaining('ECONNREFUSED') },
      { exported: 1, dropped: { failed: 0 } },
    ])
  })

  it('keeps the running set-up when it is called again', async () => {
    const tracing = startTracing({ exporter: 'none', flushOnExit: false })
    expect(startTracing({ exporter: 'none' })).toBe(tracing)
    expect(said.lines).toEqual([
      'warn: spanwright: startTracing() was called again; the running set-up is kept',
    ])
    await tracing.shutdown()
  })

  it('is ended by await using', async () => {
    const { exporter, names } = collect()
    {
      await using tracing = startTracing({ exporter, flushOnExit: false })
      expect(tracing.counts().started).toBe(0)
      trace.getTracer('test').startSpan('scoped').end()
    }
    expect(names).toEqual(['scoped'])
  })

  it('exports waiting spans even when another processor fails at shutdown', async () => {
    const { exporter, names } = collect()
    const slow: SpanExporter = {
      ...exporter,
      export: (spans, done) => void setImmediate(() => exporter.export(spans, done)),
    }
    const processor: SpanProcessor = {
      onStart: () => {},
      onEnd: () => {},
      forceFlush: async () => {},
      shutdown: () => Promise.reject(new Error('broken')),
    }
    const tracing = startTracing({ exporter: slow, spanProcessors: [processor], flushOnExit: false })
    trace.getTracer('test').startSpan('one').end()
    await tracing.shutdown()
    expect(names).toEqual(['one'])
    expect(tracing.counts()).toMatchObject({
      exporters: [{ exported: 1, waiting: 0, dropped: { failed: 0, shutDown: 0 } }],
    })
    expect(said.lines).toEqual([expect.stringContaining('shutdown failed Error: broken')])
  })

  it('does not affect the app when an exporter or a sampler throws', async () => {
    const exporter: SpanExporter = {
      export: () => {
        throw new Error('broken')
      },
      shutdown: async () => {},
    }
    const tracing = startTracing({ exporter, flushOnExit: false })
    trace.getTracer('test').startSpan('one').end()
    await tracing.shutdown()
    expect(tracing.counts().exporters).toMatchObject([{ dropped: { failed: 1 }, lastError: 'Error: broken' }])
    const sampler = {
      shouldSample: () => {
        throw new Error('no idea')
      },
    }
    const other = startTracing({ exporter: 'none', sampler, flushOnExit: false })
    expect(trace.getTracer('test').startSpan('one').isRecording()).toBe(false)
    await other.shutdown()
  })

  it.each([
    [{ serviceNmae: 'x' }, /unknown option 'serviceNmae' \(given 'x'\); did you mean serviceName/],
    [{ serviceName: '' }, /option serviceName must be a non-empty string/],
    [{ exporter: 'oltp' }, /option exporter must be .*'otlp'/],
    [{ exporter: { url: 'nowhere' } }, /option exporter must be/],
    [{ batch: { maxQueueSize: 0 } }, /option batch must be/],
    [{ sampler: 0.1 }, /option sampler must be a sampler/],
    [{ propagators: ['w3c'] }, /option propagators must be an array of 'tracecontext'/],
    [{ flushTimeout: 'soon' }, /option flushTimeout must be/],
  ])('refuses %j', (options, message) => {
    expect(() => startTracing(options as StartTracingOptions)).toThrow(TypeError)
    expect(() => startTracing(options as StartTracingOptions)).toThrow(message)
  })

  it('warns once about each invalid variable, and uses the default', async () => {
    const variables = {
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_PROPAGATORS: 'xray,b3',
      OTEL_BSP_MAX_QUEUE_SIZE: '-1',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'carrier-pigeon',
      OTEL_RESOURCE_ATTRIBUTES: 'a=b=c',
      OTEL_SPAN_EVENT_COUNT_LIMIT: 'many',
    }
    const { said: lines } = await traceOnce({}, variables)
    for (const name of Object.keys(variables)) {
      expect(lines.filter(line => line.startsWith(`warn: spanwright: ${name} must be`))).toHaveLength(1)
    }
    expect(lines).toHaveLength(Object.keys(variables).length)
    expect(endpoint.arrivals[0]?.headers['content-type']).toBe('application/x-protobuf')
  })

  it.each([
    ['always_off', undefined, 0],
    ['traceidratio', '0', 0],
    ['parentbased_traceidratio', '1', 1],
    ['parentbased_always_off', undefined, 0],
  ])('samples according to OTEL_TRACES_SAMPLER=%s %s', async (name, argument, exported) => {
    const { counts } = await traceOnce(
      {},
      { OTEL_TRACES_SAMPLER: name, ...(argument !== undefined && { OTEL_TRACES_SAMPLER_ARG: argument }) },
    )
    expect(counts).toMatchObject({ started: 1, unsampled: 1 - exported, exporters: [{ exported }] })
  })

  it('truncates attribute strings by default', async () => {
    const { exporter, spans } = collect()
    for (const spanLimits of [{}, { attributeValueLengthLimit: 9 }]) {
      const tracing = startTracing({ exporter, spanLimits, flushOnExit: false })
      trace
        .getTracer('test')
        .startSpan('long', { attributes: { 'test.text': 'x'.repeat(5000) } })
        .end()
      await tracing.shutdown()
    }
    expect(spans.map(span => String(span.attributes['test.text']).length)).toEqual([4096, 9])
  })

  it('creates no span when OTEL_SDK_DISABLED is true, but propagates contexts', async () => {
    process.env['OTEL_SDK_DISABLED'] = 'true'
    const tracing = startTracing()
    delete process.env['OTEL_SDK_DISABLED']
    const header = '00-12345678901234567890123456789012-1234567890123456-01'
    const incoming = propagation.extract(ROOT_CONTEXT, { traceparent: header })
    const span = trace.getTracer('test').startSpan('none', {}, incoming)
    expect(span.isRecording()).toBe(false)
    const carrier = {}
    propagation.inject(trace.setSpan(incoming, span), carrier)
    expect(carrier).toEqual({ traceparent: header })
    await tracing.forceFlush()
    await tracing.shutdown()
    expect(endpoint.arrivals).toEqual([])
  })

  it('never fails at shutdown, and counts the spans that could not be sent', async () => {
    const url = `http://127.0.0.1:${await freePort()}/v1/traces`
    const { counts, said: lines } = await traceOnce({
      exporter: { url, timeout: 10_000 },
      flushTimeout: '200ms',
    })
    expect(counts).toMatchObject({
      exporters: [{ exported: 0, waiting: 0, dropped: { failed: 1, shutDown: 0 } }],
    })
    expect(lines.join('\n')).toMatch(/1 spans were not exported by otlp http\/protobuf/)
  })
})
