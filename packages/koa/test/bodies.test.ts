import { Readable } from 'node:stream'

import { SpanKind, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import request from 'supertest'

import { tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { serve } from './service.ts'
import { KOAS } from './versions.ts'

const PARTS = ['a', 'b', 'c', 'd']
const turn = (): Promise<void> => new Promise(setImmediate)

const BODIES: readonly [string, () => unknown][] = [
  [
    'an async generator',
    () =>
      Readable.from(
        (async function* () {
          for (const part of PARTS) {
            await turn()
            yield withSpan('part', () => part)
          }
        })(),
      ),
  ],
  [
    'a stream that reads later',
    () => {
      const parts = [...PARTS]
      return new Readable({
        read() {
          setImmediate(() => {
            const part = parts.shift()
            this.push(part === undefined ? null : withSpan('part', () => part))
          })
        },
      })
    },
  ],
  [
    'a stream that has its parts at hand',
    () => {
      const parts = [...PARTS]
      return new Readable({
        highWaterMark: 2,
        read() {
          const part = parts.shift()
          this.push(part === undefined ? null : withSpan('part', () => part))
        },
      })
    },
  ],
]

const WEB_BODY: [string, () => unknown] = [
  'a stream of the web',
  () => {
    const parts = [...PARTS]
    return new ReadableStream({
      async pull(controller) {
        await turn()
        const part = parts.shift()
        if (part === undefined) controller.close()
        else controller.enqueue(Buffer.from(withSpan('part', () => part)))
      },
    })
  },
]

describe.each(KOAS)('a body that $name sends', ({ name: koa, Koa: AnyKoa }) => {
  it.each(koa === 'Koa 3' ? [...BODIES, WEB_BODY] : BODIES)(
    'does its work in the trace of the request: %s',
    async (_, bodyOf) => {
      const app = new AnyKoa()
      app.use(tracing())
      app.use(async ctx => {
        await turn()
        ctx.type = 'text'
        ctx.body = bodyOf()
      })
      const { text } = await request(await serve(app))
        .get('/')
        .expect(200)

      expect(text).toBe('abcd')
      const server = await recorder.waitFor({ kind: SpanKind.SERVER })
      const parts = recorder.spans().filter(({ name }) => name === 'part')
      expect(parts.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
        PARTS.map(() => server.spanContext().spanId),
      )
      expect(trace.getActiveSpan()).toBeUndefined()
    },
  )

  it('reaches the client as it would when it fails', async () => {
    const app = new AnyKoa()
    app.silent = true
    app.use(tracing())
    app.use(ctx => {
      ctx.body = new Readable({
        read() {
          this.destroy(Object.assign(new Error('disk'), { code: 'EIO' }))
        },
      })
    })
    await request(await serve(app))
      .get('/')
      .catch(() => undefined)

    const server = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(server.attributes).toMatchObject({ 'error.type': 'EIO' })
  })
})
