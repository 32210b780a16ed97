import { EventEmitter, once } from 'node:events'

import { context, createContextKey, SpanKind, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { withSpan } from '@spanwright/core'
import request from 'supertest'

import { tracing } from '@spanwright/express'

import { readAll, serve } from '@spanwright/http-servers'
import { NEWEST } from './versions.ts'

const recorder = recordTests()

const SERVER = { kind: SpanKind.SERVER }

/** Id of the span that is active now. */
const active = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId

describe.each(NEWEST)('the context of a request to $name', ({ load }) => {
  const express = load()

  it('is active in every listener on request and response, and in what handlers start', async () => {
    const app = express().use(tracing())
    const seen: Record<string, string | undefined> = {}
    const closed = new EventEmitter()
    app.post('/x', (req, res) => {
      req.on('data', () => (seen['data'] = active()))
      req.once('end', () => {
        seen['end'] = active()
        setTimeout(() => {
          seen['timer'] = active()
          queueMicrotask(() => {
            seen['microtask'] = active()
            res.send('ok')
          })
        }, 1)
      })
      req.on('close', () => (seen['request closed'] = active()))
      res.prependListener('finish', () => (seen['finish'] = active()))
      res.on('close', () => {
        seen['response closed'] = active()
        closed.emit('closed')
      })
    })
    await using server = await serve(app)
    const socket = server.connect()
    const done = once(closed, 'closed')
    socket.write('POST /x HTTP/1.1\r\nHost: h.test\r\nContent-Length: 4\r\n\r\nfo')
    // The rest comes in another packet, outside of everything the first one started.
    socket.once('ready', () => setImmediate(() => socket.write('ur')))
    await done
    const span = await recorder.waitFor(SERVER)

    const own = span.spanContext().spanId
    expect(seen).toEqual({
      data: own,
      end: own,
      timer: own,
      microtask: own,
      'request closed': own,
      finish: own,
      'response closed': own,
    })
  })

  it('is that of the right one among pipelined requests', async () => {
    const app = express().use(tracing())
    const finished: Record<string, string | undefined> = {}
    app.get('/:which', (req, res) => {
      const own = active()
      res.on('finish', () => (finished[req.params.which] = active() === own ? 'own' : 'foreign'))
      if (req.params.which === 'first') setImmediate(() => setImmediate(() => void res.send('1')))
      else res.send('2')
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(
      'GET /first HTTP/1.1\r\nHost: h\r\n\r\nGET /second HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
    )
    await readAll(socket)
    await recorder.waitFor(() => recorder.spans().length === 2)

    expect(finished).toEqual({ first: 'own', second: 'own' })
  })

  it('is still active when the body ends after the response', async () => {
    const app = express().use(tracing())
    let own: string | undefined
    const ended = new Promise<string | undefined>(resolve => {
      app.post('/x', (req, res) => {
        own = active()
        req.on('end', () => resolve(active())).resume()
        res.send('early')
      })
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write('POST /x HTTP/1.1\r\nHost: h.test\r\nContent-Length: 4\r\n\r\nfo')
    await recorder.waitFor(SERVER)
    socket.write('ur')

    expect(await ended).toBe(own)
  })

  it('gives way to a span inside the request', async () => {
    const app = express().use(tracing())
    const seen: (string | undefined)[] = []
    app.get('/x', (req, res) => {
      req.on('custom', () => seen.push(active()))
      withSpan('inner', span => {
        seen.push(span.spanContext().spanId)
        req.emit('custom')
      })
      res.send('ok')
    })
    await request(app).get('/x')
    await recorder.waitFor(SERVER)

    expect(seen[1]).toBe(seen[0])
  })

  it('keeps the return value, the errors and the order of events', async () => {
    const app = express().use(tracing())
    const order: string[] = []
    const results: unknown[] = []
    app.get('/x', (req, res) => {
      req.on('a', (...args) => order.push(`first ${args.join()}`))
      req.on('a', function (this: unknown) {
        order.push(`second ${this === req}`)
      })
      results.push(req.emit('a', 1, 2), req.emit('nobody'))
      try {
        res.emit('error', new Error('no listener'))
      } catch (error) {
        results.push(String(error).includes('no listener'))
      }
      res.send('ok')
    })
    await request(app).get('/x').expect(200)
    await recorder.waitFor(SERVER)

    expect(order).toEqual(['first 1,2', 'second true'])
    expect(results).toEqual([true, false, true])
  })

  it('keeps what was in the context before, but not a span that has ended', async () => {
    const key = createContextKey('outer')
    const app = express().use(tracing())
    const values: unknown[] = []
    app.get('/x', (_req, res) => {
      values.push(context.active().getValue(key))
      res.send('ok')
    })
    // A server that is started inside a span passes that span's context to every request.
    await using server = await context.with(context.active().setValue(key, 'kept'), () =>
      withSpan('start', () => serve(app)),
    )
    await request(server.origin).get('/x')
    const span = await recorder.waitFor(SERVER)

    expect(values).toEqual(['kept'])
    expect(span.parentSpanContext).toBeUndefined()
  })

  it('is left when the request has ended', async () => {
    const app = express().use(tracing())
    app.get('/x', (_req, res) => void res.send('ok'))
    await request(app).get('/x')
    await recorder.waitFor(SERVER)

    expect(active()).toBeUndefined()
  })
})
