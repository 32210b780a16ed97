import { SpanKind } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import request from 'supertest'

import { tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { serve } from './service.ts'
import { KOAS } from './versions.ts'

describe.each(KOAS)('an application on top of $name', ({ Koa: AnyKoa }) => {
  // egg warns about each read of `app.proxy`, and has its own setting for trust.
  it.each([true, false])(
    'that answers `proxy` by a getter has it read by nothing of ours: %s',
    async trusts => {
      const readers: string[] = []
      class Application extends AnyKoa {
        constructor() {
          super()
          Object.defineProperty(this, 'proxy', {
            get: () => {
              readers.push(new Error('read').stack?.split('\n')[2] ?? '')
              return trusts
            },
          })
        }
      }
      const app = new Application()
      app.use(tracing()).use(ctx => void (ctx.body = 'ok'))
      await request(await serve(app))
        .get('/')
        .set('x-forwarded-for', '203.0.113.9')
        .expect(200)

      const span = await recorder.waitFor({ kind: SpanKind.SERVER })
      expect(span.attributes['client.address']).toBe(trusts ? '203.0.113.9' : '127.0.0.1')
      expect(readers.filter(reader => /packages\/(?:koa|core)\/src/.test(reader))).toEqual([])
    },
  )
})
