import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { describe, expect, it } from '@jest/globals'

import { requestsInFlight, tracing } from '@spanwright/express'

import { serve } from '@spanwright/http-servers'
import { FROM_SOURCE } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { NEWEST } from './versions.ts'

const recorder = recordTests()

describe.each(NEWEST)('requests in flight of $name', ({ load }) => {
  const express = load()

  it('are listed with method, route or path, age and trace id, until they are answered', async () => {
    const app = express()
    const waiting: (() => void)[] = []
    app.use(tracing())
    app.use('/early', (_req, res) => waiting.push(() => res.send('ok')))
    app.get('/users/:id', (_req, res) => waiting.push(() => res.send('ok')))
    await using server = await serve(app)
    const first = server.connect()
    first.write('GET /early/7?secret HTTP/1.1\r\nHost: h\r\n\r\n')
    while (waiting.length < 1) await new Promise(setImmediate)
    const second = server.connect()
    second.write('GET /users/8 HTTP/1.1\r\nHost: h\r\n\r\n')
    while (waiting.length < 2) await new Promise(setImmediate)

    const open = recorder.open().map(span => span.spanContext().traceId)
    expect(requestsInFlight()).toEqual([
      { method: 'GET', route: '/early', path: '/early/7', ageMs: expect.any(Number), traceId: open[0] },
      { method: 'GET', route: '/users/:id', path: '/users/8', ageMs: expect.any(Number), traceId: open[1] },
    ])
    const ages = requestsInFlight().map(({ ageMs }) => ageMs)
    expect(ages.every(age => age > 0 && age < 10_000)).toBe(true)

    for (const answer of waiting) answer()
    await recorder.waitFor(() => recorder.spans().length === 2)
    expect(requestsInFlight()).toEqual([])
  })

  it('are none of those that are not traced', async () => {
    const app = express().use(tracing({ ignore: () => true }))
    let listed: unknown
    app.get('/x', (_req, res) => {
      listed = requestsInFlight()
      res.send('ok')
    })
    await using server = await serve(app)
    await fetch(`${server.origin}/x`)

    expect(listed).toEqual([])
  })
})

describe('with endOnShutdown', () => {
  /** Runs a server that never answers, sends it a request and SIGTERM, and returns what it printed and how it ended. */
  async function shutDown(...args: string[]): Promise<[unknown, number | null, NodeJS.Signals | null]> {
    const program = join(__dirname, 'shutdown-program.ts')
    const child = spawn(process.execPath, [...FROM_SOURCE, program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    if (!child.stdout) throw new Error('no output to read')
    const output = text(child.stdout)
    child.on('message', message => {
      if (message === 'arrived') child.kill('SIGTERM')
      else get({ host: '127.0.0.1', port: Number(message), path: '/x' }).on('error', () => undefined)
    })
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return [JSON.parse(await output), code, signal]
  }

  const unfinished = { name: 'GET /x', error: 'unfinished', code: 2 }

  it('open requests are ended as unfinished, and the process ends as before', async () => {
    expect(await shutDown()).toEqual([unfinished, null, 'SIGTERM'])
  })

  it('other listeners for SIGTERM can still export them', async () => {
    expect(await shutDown('listen')).toEqual([unfinished, 3, null])
  })
})
