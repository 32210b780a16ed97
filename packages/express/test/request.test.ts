import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import express from 'express'
import request from 'supertest'

import { tracing } from '@spanwright/express'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

describe('a request', () => {
  it('makes one server span', async () => {
    const app = express()
    app.use(tracing())
    app.get('/users/:id', (req, res) => void res.send('hi'))
    await request(app).get('/users/7?x=1').set('user-agent', 'test/1').expect(200)
    expect(recorder.spans()[0]?.name).toBe('GET /users/:id')
  })
})
