import { beforeAll, describe, expect, it } from '@jest/globals'

import { PATIENCE } from '../host.ts'
import { ALONE, type Run, startServices } from './processes.ts'

const ANOTHER_SDK = /^another SDK is registered/
/** Makes the name of a span the resource. */
const OTEL_NAMES = { DD_TRACE_OTEL_SEMANTICS_ENABLED: 'true' }
const OWN_HEADERS = { DD_TRACE_PROPAGATION_STYLE: 'datadog' }

/** What dd-trace records of the application. */
const THEIRS = [
  'SERVER express.request GET /items/:id (dd-trace)',
  '  CLIENT grpc.client /shop.Cart/Add (dd-trace)',
  '    CLIENT http.request POST (dd-trace)',
  '      SERVER grpc.server /shop.Cart/Add (dd-trace)',
  '  CLIENT http.request GET (dd-trace)',
  '  CLIENT http.request GET (dd-trace)',
  '  CLIENT pg.query SELECT $1::int AS id (dd-trace)',
  '  CLIENT undici.request GET (dd-trace)',
  '  PRODUCER kafka.produce orders (dd-trace)',
  '    CONSUMER kafka.consume orders (dd-trace)',
  'SERVER koa.request GET /carts/:id (dd-trace)',
  'SERVER web.request GET (dd-trace)',
]

describe('with dd-trace in the same process', () => {
  let both: Run
  let reversed: Run
  let apart: Run
  let apartReversed: Run
  let asSdk: Run
  let asSdkWithPlugins: Run
  let replacing: Run
  beforeAll(async () => {
    await using services = await startServices()
    ;[both, reversed] = await Promise.all([
      services.run(['datadog', 'spanwright']),
      services.run(['spanwright', 'datadog']),
    ])
    ;[apart, apartReversed] = await Promise.all([
      services.run(['datadog', 'spanwright'], OWN_HEADERS),
      services.run(['spanwright', 'datadog'], OWN_HEADERS),
    ])
    ;[asSdk, asSdkWithPlugins] = await Promise.all([
      services.run(['datadog-as-sdk'], OTEL_NAMES),
      services.run(['datadog-as-sdk-with-plugins']),
    ])
    replacing = await services.run(['spanwright', 'datadog-as-sdk'], OTEL_NAMES)
  }, 6 * PATIENCE)

  it('and its own headers, each has whole traces of its own', () => {
    expect(apart.traces.requests).toEqual([...ALONE.requests, ...THEIRS])
    expect(apart.carried).toEqual(ALONE.carried)
  })

  it('and its default headers, its context is what most requests carry, so that ours end there', () => {
    expect(both.carried).toEqual({
      '/peer/fetch': 'CLIENT http.request GET (dd-trace)',
      '/peer/undici': 'CLIENT GET (@spanwright/undici)',
      '/peer/http': 'CLIENT http.request GET (dd-trace)',
    })
    const { requests } = both.traces
    const at = (span: string): number => requests.findIndex(line => line.trim() === span)
    const ownEnd = at('SERVER express.request GET /items/:id (dd-trace)')
    expect(at('PRODUCER send orders (@spanwright/kafkajs)')).toBeLessThan(ownEnd)
    expect(at('CONSUMER process orders (@spanwright/kafkajs)')).toBeGreaterThan(ownEnd)
    expect(at('SERVER shop.Cart/Add (@spanwright/grpc)')).toBeGreaterThan(ownEnd)
  })

  it('the order of set-up makes no difference', () => {
    expect(reversed.traces.requests).toEqual(both.traces.requests)
    expect(reversed.carried).toEqual(both.carried)
    expect(apartReversed.traces.requests).toEqual(apart.traces.requests)
    expect(apartReversed.carried).toEqual(apart.carried)
  })

  it('as the SDK and without its plugins, it records the spans of the plugins', () => {
    const ours = ALONE.requests.map(recordedByDatadog)
    expect(asSdk.traces.requests).toEqual(ours)
    expect(new Set(Object.values(asSdk.carried))).toEqual(new Set(['CLIENT GET (dd-trace)']))
  })

  it('as the SDK and with its plugins, both make spans', () => {
    expect(asSdkWithPlugins.traces.requests).toEqual(
      expect.arrayContaining([
        'SERVER express.request GET /items/:id (dd-trace)',
        '  SERVER GET /items/:id GET (dd-trace)',
        '  CLIENT SELECT (dd-trace)',
        '  CLIENT pg.query SELECT $1::int AS id (dd-trace)',
      ]),
    )
  })

  it('as a second SDK, it replaces that of startTracing(), which the report says', () => {
    expect(replacing.traces.requests).toEqual(asSdk.traces.requests)
    expect(replacing.problems).toEqual([expect.stringMatching(ANOTHER_SDK)])
  })

  it('the requests of the exporter of startTracing() are traced by it', () => {
    const exports = ({ traces }: Run): number =>
      traces.spans.filter(({ name, parentId }) => name === 'http.request POST' && parentId === '').length
    expect(exports(both)).toBeGreaterThan(0)
    expect(exports(asSdk)).toBe(0)
  })

  it('the application behaves as without tracing, and its process ends', () => {
    for (const { answers, code, printed } of [
      both,
      reversed,
      apart,
      apartReversed,
      asSdk,
      asSdkWithPlugins,
    ]) {
      expect({ answers, code, printed }).toEqual({ answers: ALONE.answers, code: 0, printed: '' })
    }
    expect([replacing.answers, replacing.code]).toEqual([ALONE.answers, 0])
  })
})

/** The operation is the name that a span starts with, and the resource the one that it ends with. */
function recordedByDatadog(line: string): string {
  return line.replace(/(GET \/.*)? \(.*\)$/, (_, name?: string) => `${name ? `GET ${name}` : ''} (dd-trace)`)
}
