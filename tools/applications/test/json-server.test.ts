import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, expect, it, jest } from '@jest/globals'
import { freePort } from '@spanwright/services'
import { Caller } from '@spanwright/traces'

import { ask, expectSameAnswer, json } from './answers.ts'
import { type Application, Applications, PATIENCE } from './application.ts'
import { sectionOf } from './page.ts'

jest.setTimeout(PATIENCE)

const { files, command } = sectionOf('json-server')
const DATA = {
  posts: [{ id: 1, title: 'one' }],
  comments: [{ id: 1, body: 'good', postId: 1 }],
  profile: { name: 'shop' },
}

const applications = new Applications()
let traced: Application
let bare: Application

async function start(args: readonly string[]): Promise<Application> {
  const port = await freePort()
  return applications.start({
    install: 'json-server',
    command: [...args.map(arg => (arg === '3000' ? String(port) : arg)), '--host', '127.0.0.1', '--watch'],
    files: { 'db.json': JSON.stringify(DATA), ...files },
    port,
    ready: /Watching/,
  })
}

beforeAll(async () => {
  const withoutMiddleware = command.filter(arg => arg !== '--middlewares' && arg !== 'tracing.js')
  ;[traced, bare] = await Promise.all([start(command), start(withoutMiddleware)])
})
it.each<[path: string, init: RequestInit, route: string | undefined]>([
  ['/posts', {}, '/posts'],
  ['/posts/1?_embed=comments', {}, '/posts/:id'],
  ['/posts/9', {}, '/posts/:id'],
  ['/posts/1/comments', {}, '/comments'],
  ['/profile', {}, '/profile'],
  ['/db', {}, '/db'],
  ['/nothing', {}, undefined],
  ['/posts', json('POST', { title: 'two' }), '/posts'],
  ['/posts/1', json('PATCH', { title: 'uno' }), '/posts/:id'],
])('answers %s as without tracing, and reports its route', async (path, init, route) => {
  const { receiver } = applications
  await expectSameAnswer({ bare, traced, receiver, service: 'json-server' }, path, init, route)
})

it('does not see the static files, which come first', async () => {
  const caller = new Caller(applications.receiver)
  const expected = await ask(bare.origin, '/')
  expect(await ask(traced.origin, '/', caller.request())).toEqual(expected)
  expect(expected.body).toContain('JSON Server')

  const next = new Caller(applications.receiver)
  await ask(traced.origin, '/db', next.request())
  await next.serverSpan()
  expect(applications.receiver.spans().filter(({ traceId }) => traceId === caller.traceId)).toEqual([])
})

it('traces the app that replaces it when the data has changed', async () => {
  writeFileSync(join(traced.folder, 'db.json'), JSON.stringify({ orders: [{ id: 7 }] }))
  const isReloaded = (): Promise<boolean> =>
    fetch(`${traced.origin}/orders`).then(
      response => response.ok,
      () => false,
    )
  while (!(await isReloaded()));

  const caller = new Caller(applications.receiver)
  expect(await ask(traced.origin, '/orders/7', caller.request())).toMatchObject({ status: 200 })
  expect(await caller.tree(/^GET/)).toEqual(['SERVER GET /orders/:id'])
})

it('ends as without tracing, with all spans sent', async () => {
  const caller = new Caller(applications.receiver)
  await ask(traced.origin, '/orders', caller.request())
  expect(await traced.stop()).toBe(await bare.stop())
  expect(await caller.tree(/^GET/)).toEqual(['SERVER GET /orders'])
})
