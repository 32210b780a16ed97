import type { TextMapSetter } from '@opentelemetry/api'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { serve, type TestServer } from '@spanwright/test-kit'
import { traceUndici } from '@spanwright/undici'
import * as fc from 'fast-check'
import { anyText } from '@spanwright/test-kit/arbitraries'

import { BROKER_TIME, Harness, runUntil, textOf } from './harness.ts'

const harness = new Harness()

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${TRACE}-b7ad6b7169203331-01`
const ATTACK = 'a=1;x=1\r\n\r\nDELETE /users/1 HTTP/1.1\r\nHost: internal\r\n\r\n'

/** The requests to the internal server. */
const asked: string[] = []
let server: TestServer
let origin: string
beforeAll(async () => {
  server = await serve((request, response) => {
    asked.push(`${request.method} ${request.url} ${String(request.headers['traceparent']).slice(0, 35)}`)
    response.end('ok')
  })
  origin = server.origin
})
beforeEach(() => void asked.splice(0))
afterAll(async () => server[Symbol.asyncDispose]())

describe('headers of a record', () => {
  it(
    'begin no request of their own where its handler asks another service, and none where it sends a message on',
    async () => {
      const target = await harness.topic()
      const { consumer } = await harness.delivery([
        { value: 'v', headers: { traceparent, baggage: ATTACK, tracestate: `a=1\r\n\r\nGET /x HTTP/1.1` } },
      ])
      const producer = await harness.producer()
      const { tracerProvider, propagator } = harness.recorder
      using _ = traceUndici({ tracerProvider, propagator })
      const answers: string[] = []

      await runUntil(consumer, done => ({
        eachMessage: async () => {
          for (const method of ['GET', 'POST']) {
            const response = await fetch(`${origin}/mine`, { method })
            answers.push(`${response.status} ${await response.text()}`)
          }
          await producer.send({ topic: target, messages: [{ value: 'on' }] })
          done()
        },
      }))

      expect(answers).toEqual(['200 ok', '200 ok'])
      expect(asked).toEqual([`GET /mine 00-${TRACE}`, `POST /mine 00-${TRACE}`])
      const [message] = await harness.read(target, 1)
      expect(textOf(message?.headers)).toEqual({
        traceparent: expect.stringContaining(TRACE),
        tracestate: '',
      })
    },
    BROKER_TIME,
  )
})

describe('what a propagator writes', () => {
  it(
    'reaches a record only where it could be a header of a request, and sends never fail for it',
    async () => {
      const text = anyText(20)
      const names = fc.oneof(
        text,
        fc.constantFrom('traceparent', 'baggage', 'Content-Length', '__proto__', 'x'),
      )
      const samples = fc.sample(fc.array(fc.tuple(names, text), { maxLength: 5 }), 40)
      const topic = await harness.topic()
      let writing: [string, string][] = []
      const propagator = {
        inject: (_context: unknown, carrier: unknown, setter: TextMapSetter) => {
          for (const [name, value] of writing) setter.set(carrier, name, value)
        },
        extract: <Context>(given: Context) => given,
        fields: () => ['x'],
      }
      const producer = await harness.producer(harness.traced({ propagator }))
      for (const sample of samples) {
        writing = sample
        await producer.send({ topic, messages: [{ value: 'v', headers: { mine: 'yes' } }] })
      }

      const messages = await harness.read(topic, samples.length)
      for (const { headers, value } of messages) {
        expect(String(value)).toBe('v')
        expect(textOf(headers)['mine']).toBe('yes')
        for (const [name, header] of Object.entries(textOf(headers))) {
          expect(name).toMatch(/^(?!content-length$)[!#$%&'*+.^`|~\w-]+$/i)
          for (const one of [header].flat()) expect(one).toMatch(/^[\t\x20-\x7E\x80-\xFF]*$/)
        }
      }
    },
    BROKER_TIME,
  )
})
