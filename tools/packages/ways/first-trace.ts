import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'

// Runs the program that a document shows, requests an item, and looks for the trace where a reader would.
interface Span {
  readonly name: string
  readonly spanId: string
  readonly parentSpanId?: string
}

const TREE = ['GET /items/:id', '  GET', '    GET /prices/:id']

const spans: Span[] = []
const collector = createServer((request, response) => void receive(request, response))

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { resourceSpans } = JSON.parse(await text(request)) as {
    resourceSpans: { scopeSpans: { spans: Span[] }[] }[]
  }
  spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(scope => scope.spans)))
  response.end('{}')
  if (spans.length === TREE.length) collector.emit('complete')
}

async function main(): Promise<void> {
  const port = await freePort()
  const program = await readFile('app.mjs', 'utf8')
  await writeFile('moved.mjs', program.replaceAll('3000', String(port)))
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  const { port: collectorPort } = collector.address() as AddressInfo
  const isOnConsole = process.argv[2] === 'on the console'
  const app = spawn(process.execPath, ['moved.mjs'], {
    env: {
      ...process.env,
      ...(isOnConsole
        ? { OTEL_TRACES_EXPORTER: 'console' }
        : { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}` }),
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  const errors = text(app.stderr)
  const gone = once(app, 'exit')
  try {
    assert.deepEqual(await ask(`http://localhost:${port}/items/7`, app), { id: '7', price: 24 })
    if (!isOnConsole) await once(collector, 'complete')
  } finally {
    app.kill('SIGTERM')
    await gone
    collector.close()
    collector.closeAllConnections()
  }
  const said = await errors
  if (isOnConsole) {
    const lines = said.split('\n').filter(line => line.startsWith('shop '))
    const shown = lines.map(line => line.replace(/^shop {2}/, '').replace(/ +[\d.]+ ms .*/, ''))
    assert.deepEqual(shown, ['SERVER GET /items/:id', '└─ CLIENT GET', '   └─ SERVER GET /prices/:id'])
  } else {
    assert.equal(said, '')
    assert.deepEqual(below(undefined, ''), TREE)
  }
}

function below(parent: string | undefined, indent: string): string[] {
  return spans
    .filter(({ parentSpanId }) => (parentSpanId || undefined) === parent)
    .flatMap(({ name, spanId }) => [indent + name, ...below(spanId, `${indent}  `)])
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** Sends requests until the program listens. */
async function ask(url: string, app: { readonly exitCode: number | null }): Promise<unknown> {
  for (;;) {
    try {
      return await (await fetch(url)).json()
    } catch (error) {
      if (app.exitCode !== null) throw error
      await setTimeout(50)
    }
  }
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
