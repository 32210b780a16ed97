// First, because it has to come before whatever loads `node:http`.
import { answerAll, SHOWN } from '@spanwright/http-servers/instrumented'

import { createRequire } from 'node:module'

import { withSpan } from '@spanwright/core'

import { tracing } from '@spanwright/express'

import type { Express } from './versions.ts'

// An app of one version of Express, whose requests OpenTelemetry's HTTP instrumentation traces as well.
const express = createRequire(__filename)(process.argv[2] ?? 'express') as Express
const shop = express.Router()
shop.get('/users/:id', (_req, res) => withSpan('beneath', () => void res.set('x-kind', 'user').send('ok')))
shop.get('/broken', () => {
  throw new RangeError('broken')
})
shop.get('/refused', () => {
  throw Object.assign(new Error('no such colour'), { status: 422 })
})
shop.get('/half', (_req, res) => {
  res.on('error', () => undefined)
  res.write('half', () => res.destroy(Object.assign(new Error('disk'), { code: 'EIO' })))
})
shop.get('/never', () => undefined)

const app = express().set('env', 'test')
app.use(tracing(SHOWN)).use('/shop', shop)
app.get('/ignored', (_req, res) => withSpan('beneath', () => void res.send('ok')))
void answerAll(app)
