import { beforeAll, describe, expect, it, jest } from '@jest/globals'
import { freePort } from '@spanwright/services'
import { Caller } from '@spanwright/traces'

import { ask, brokenRequestSpan, comparable, expectSameAnswer, json } from './answers.ts'
import { type Application, Applications, PATIENCE } from './application.ts'
import { sectionOf } from './page.ts'

jest.setTimeout(PATIENCE)

const { files, command } = sectionOf('egg 3 and 4')

/** An application of egg, without tracing. */
const APPLICATION = {
  'package.json': JSON.stringify({ name: 'orders' }),
  'config/config.default.js': `
    module.exports = ({ baseDir }) => ({
      keys: 'secret',
      security: { csrf: { enable: false } },
      cluster: { listen: { hostname: '127.0.0.1' } },
      logger: { dir: baseDir + '/logs' },
    })`,
  'app/router.js': `
    module.exports = ({ router, controller: { orders } }) => {
      router.get('/broken', orders.broken)
      router.get('/refused', orders.refused)
      router.get('/api/orders', orders.index)
      router.post('/api/orders', orders.create)
      router.get('/api/orders/:id', orders.show)
    }`,
  'app/controller/orders.js': `
    const { withSpan } = require('@spanwright/core')
    const { Controller } = require('egg')
    class OutOfStock extends Error {}
    module.exports = class OrdersController extends Controller {
      index() {
        this.ctx.body = []
      }
      async show() {
        this.ctx.body = await withSpan('load order', async () => ({ id: this.ctx.params.id }))
      }
      create() {
        this.ctx.body = this.ctx.request.body
      }
      broken() {
        throw new OutOfStock('none left')
      }
      refused() {
        this.ctx.throw(422, 'not yours')
      }
    }`,
}

const applications = new Applications()

async function start(
  install: string,
  lines: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
): Promise<Application> {
  const port = await freePort()
  return applications.start({
    install,
    command: command.map(arg => arg.replace('7001', String(port))),
    files: { ...APPLICATION, ...lines },
    env,
    port,
    ready: /egg started on/,
  })
}

describe.each(['egg3', 'egg4'])('%s', install => {
  let traced: Application
  let bare: Application
  beforeAll(async () => {
    ;[traced, bare] = await Promise.all([start(install, files), start(install, {})])
  })

  it.each<[path: string, init: RequestInit, route: string | undefined]>([
    ['/api/orders', {}, '/api/orders'],
    ['/api/orders/7?page=2', {}, '/api/orders/:id'],
    ['/api/orders', json('POST', { id: 8 }), '/api/orders'],
    ['/refused', {}, '/refused'],
    ['/nothing', {}, undefined],
    ['/api/orders/7', { method: 'POST' }, undefined],
  ])('answers %s as without tracing, and reports its route', async (path, init, route) => {
    const { receiver } = applications
    await expectSameAnswer({ bare, traced, receiver, service: 'egg' }, path, init, route)
  })

  it('has the work of a controller below the request', async () => {
    const caller = new Caller(applications.receiver)
    await ask(traced.origin, '/api/orders/7', caller.request())

    expect(await caller.tree('load order', /^GET/)).toEqual([
      'SERVER GET /api/orders/:id',
      '  INTERNAL load order',
    ])
  })

  it('names the error of a controller, which egg answers', async () => {
    const caller = new Caller(applications.receiver)
    const expected = await ask(bare.origin, '/broken')
    expect(await ask(traced.origin, '/broken', caller.request())).toEqual(expected)

    const error = { type: 'OutOfStock', message: 'none left' }
    expect(comparable(await caller.serverSpan())).toEqual(
      brokenRequestSpan(new URL('/broken', traced.origin), {}, '/broken', error),
    )
  })

  it('ends as without tracing, with all spans sent', async () => {
    const last = await start(install, files, { OTEL_BSP_SCHEDULE_DELAY: '60000' })
    const caller = new Caller(applications.receiver)
    await ask(last.origin, '/api/orders', caller.request())

    expect(await last.stop()).toBe(await bare.stop())
    expect(await caller.tree(/^GET/)).toEqual(['SERVER GET /api/orders'])
  })
})
