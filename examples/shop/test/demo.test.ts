import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'
import { type Receiver, startReceiver } from '@spanwright/traces'

const ROOT = join(__dirname, '..', '..', '..')
const MAIN = 'examples/shop/demo/main.ts'
/** What starts sooner, with what was transformed before. */
const PREPARED = [...FROM_SOURCE, MAIN]
/** What `npm run demo` is. */
const AS_DOCUMENTED = ['--import', 'tsx', '--conditions=@spanwright/source', MAIN]

let temporary: string
let demo: ChildProcess | undefined
// One for all tests: the programs of PostgreSQL may have to be copied to it.
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'spanwright-demo-'))
  // PostgreSQL does not run as root: its own user has to get through.
  await chmod(temporary, 0o755)
})
afterEach(async () => {
  if (demo && demo.exitCode === null && demo.signalCode === null) {
    demo.kill('SIGTERM')
    await once(demo, 'exit')
  }
  demo = undefined
})
afterAll(() => rm(temporary, { recursive: true, force: true }))

/** Starts the demo with a folder for temporary files of its own, to see what it leaves there. */
function startDemo(
  env: NodeJS.ProcessEnv = {},
  args: readonly string[] = PREPARED,
): ChildProcess & { readonly output: Promise<[string, string]> } {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '', TMPDIR: temporary, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  demo = child
  return Object.assign(child, { output: Promise.all([text(child.stdout), text(child.stderr)]) })
}

async function runDemo(
  env: NodeJS.ProcessEnv = {},
  args?: readonly string[],
): Promise<{ code: number | null; out: string; err: string }> {
  const child = startDemo(env, args)
  const [[code], [out, err]] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    child.output,
  ])
  return { code, out, err }
}

async function occupyPort(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Temporary files of ours; tsx keeps a cache of its own there. */
async function leftovers(): Promise<string[]> {
  const names = await readdir(temporary)
  return names.filter(name => name.startsWith('spanwright-'))
}

function lines(output: string): string[] {
  return output.split('\n').filter(line => line !== '')
}

describe('the demo', () => {
  it('prints the whole trace of an order through four services and ends with code 0', async () => {
    const { code, out } = await runDemo({}, AS_DOCUMENTED)

    expect(out).toContain('Every trace is complete')
    expect(code).toBe(0)
    const [order = ''] = out.split('\n\n')
    expect(lines(order).map(line => line.replace(/ {2,}\d+\.\d ms.*/, '').replaceAll(/ {2,}/g, ' '))).toEqual(
      [
        'POST /orders → 201: an order that works',
        expect.stringMatching(/^trace [0-9a-f]{32} 12 spans, 4 services, \d+\.\d ms$/),
        'gateway SERVER POST /orders',
        'gateway ├─ CLIENT POST',
        'inventory │ └─ SERVER POST /reservations',
        'inventory │ └─ CLIENT UPDATE stock',
        'gateway ├─ CLIENT shop.Pricing/Quote',
        'pricing │ └─ SERVER shop.Pricing/Quote',
        'gateway ├─ CLIENT INSERT orders',
        'gateway └─ PRODUCER send orders.placed',
        'fulfilment └─ CONSUMER process orders.placed',
        'fulfilment ├─ CLIENT POST',
        'inventory │ └─ SERVER POST /shipments',
        'fulfilment └─ CLIENT UPDATE orders',
      ],
    )
    expect(await leftovers()).toEqual([])

    // What failed is marked with its error type, and no more than that.
    const failures = lines(out).filter(line => line.includes('✗'))
    expect(failures.map(line => line.replace(/ {2,}\d+\.\d ms.*✗/, ' ✗').replaceAll(/ {2,}/g, ' '))).toEqual([
      'gateway └─ CLIENT POST ✗ 409',
      'gateway SERVER POST /orders ✗ 23514',
      'gateway └─ CLIENT INSERT orders ✗ 23514',
    ])
  }, 60_000)

  it('sends the spans to OTEL_EXPORTER_OTLP_ENDPOINT as well, and with --view to a viewer that stays', async () => {
    await using collector: Receiver = await startReceiver()

    const child = startDemo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }, [...PREPARED, '--view'])
    const said = createInterface({ input: child.stderr as NodeJS.ReadableStream })
    let url: string | undefined
    for await (const line of said) if ((url = /the traces are at (\S+) until/.exec(line)?.[1])) break

    const response = await fetch(`${url}/api/traces`)
    const { traces } = (await response.json()) as { traces: { name: string; spans: number }[] }
    expect(traces.map(({ name, spans }) => `${name} ${spans}`)).toEqual([
      'POST /orders 7',
      'GET /orders/:id 2',
      'POST /orders 4',
      'POST /orders 12',
    ])
    expect(await (await fetch(`${url}/`)).text()).toContain('<div id="app">')
    expect(new Set(collector.spans().map(span => span.service))).toEqual(
      new Set(['gateway', 'inventory', 'pricing', 'fulfilment']),
    )
    expect(collector.spans()).toHaveLength(25)
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([130, null])
  }, 60_000)

  it('continues when that endpoint refuses, and reports it', async () => {
    const server = await occupyPort()
    const { port } = server.address() as AddressInfo
    server.close()

    const { code, err } = await runDemo({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` })

    expect(code).toBe(0)
    expect(err).toContain(`http://127.0.0.1:${port}/v1/traces did not take the spans: ECONNREFUSED`)
  }, 60_000)

  it('leaves no process and no temporary folder behind when it is interrupted', async () => {
    const child = startDemo()
    const ports = new Set<string>()
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', line => {
      const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (port) ports.add(port)
      if (line.includes('gateway is ready')) child.kill('SIGINT')
    })
    const [code] = (await once(child, 'exit')) as [number | null]

    expect(code).toBe(130)
    expect(await leftovers()).toEqual([])
    expect(ports.size).toBeGreaterThanOrEqual(3)
    for (const port of ports)
      await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed')
  }, 60_000)
})

describe('the demo ends with one clear line and code 1', () => {
  it('when a port is in use', async () => {
    const server = await occupyPort()
    const { port } = server.address() as AddressInfo
    try {
      const { code, err } = await runDemo({ GATEWAY_PORT: String(port) })

      expect(lines(err).at(-1)).toBe(`demo: gateway: port ${port} is in use`)
      expect(code).toBe(1)
      expect(await leftovers()).toEqual([])
    } finally {
      server.close()
    }
  }, 60_000)

  it('when DATABASE_URL is wrong', async () => {
    const { code, err } = await runDemo({ DATABASE_URL: 'postgresql://nobody:secret@127.0.0.1:1/nothing' })

    expect(lines(err).at(-1)).toMatch(/^demo: DATABASE_URL: cannot connect .*127\.0\.0\.1:1.*ECONNREFUSED/)
    expect(err).not.toContain('secret')
    expect(code).toBe(1)
  }, 60_000)

  it('when KAFKA=apache and there is no Java', async () => {
    const { code, err } = await runDemo({
      KAFKA: 'apache',
      PATH: temporary,
      JAVA_HOME: '',
      KAFKA_BROKERS: '',
    })

    expect(lines(err).at(-1)).toMatch(/^demo: .*KAFKA=apache.*Java/i)
    expect(code).toBe(1)
  }, 60_000)
})
