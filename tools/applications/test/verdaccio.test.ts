import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { freePort } from '@spanwright/services'
import { serve, type TestServer } from '@spanwright/test-kit'
import { Caller } from '@spanwright/traces'

import { ask, comparable, comparableAnswer, json, requestSpan } from './answers.ts'
import { type Application, Applications, PATIENCE } from './application.ts'
import { sectionOf } from './page.ts'

jest.setTimeout(PATIENCE)

const { files, command } = sectionOf('Verdaccio')
const TARBALL = 'bytes of a package'

const applications = new Applications()
let traced: Application
let bare: Application
let uplink: TestServer
/** The traces that requests to the uplink belong to, by path. */
const continued = new Map<string, unknown>()

/** The registry behind the other, with one package. */
function startUplink(): Promise<TestServer> {
  return serve(({ url = '', headers: { traceparent } }, response) => {
    if (traceparent !== undefined) continued.set(url, traceparent)
    if (url === '/tool/-/tool-1.0.0.tgz') response.end(TARBALL)
    else if (url === '/tool') response.end(JSON.stringify(packageOf('tool', uplink.origin)))
    else response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
  })
}

function packageOf(name: string, origin: string): object {
  const dist = { tarball: `${origin}/${name}/-/${name}-1.0.0.tgz` }
  const version = { name, version: '1.0.0', dist }
  return { name, versions: { '1.0.0': version }, 'dist-tags': { latest: '1.0.0' } }
}

async function start(added: string, plugins: Readonly<Record<string, string>>): Promise<Application> {
  const port = await freePort()
  const config = `
storage: ./storage
uplinks:
  upstream:
    url: ${uplink.origin}/
packages:
  '@own/*': { access: $all, publish: $all }
  '**': { access: $all, proxy: upstream }
log: { type: stdout, format: pretty, level: warn }
${added}`
  return applications.start({
    install: 'verdaccio',
    command: [...command, '--listen', `127.0.0.1:${port}`],
    files: { ...plugins, 'config.yaml': config },
    port,
    ready: /http address/,
    node: 22,
  })
}

beforeAll(async () => {
  uplink = await startUplink()
  const { 'config.yaml': config = '', ...plugins } = files
  ;[traced, bare] = await Promise.all([start(config, plugins), start('', {})])
})
afterAll(async () => {
  await uplink[Symbol.asyncDispose]()
})

/** What each process chooses for itself. */
const DIFFERS = /^x-ratelimit-reset$/
const REVISION = /"_rev": "[\w-]+"/g

it.each<[path: string, init: RequestInit, route: string | undefined, below: string[]]>([
  ['/-/ping', {}, '/-/ping', []],
  ['/tool', {}, '/:package/:version?', ['CLIENT GET']],
  ['/tool/1.0.0', {}, '/:package/:version?', []],
  ['/tool/-/tool-1.0.0.tgz', {}, '/:package/-/:filename', ['CLIENT GET']],
  ['/nothing', {}, '/:package/:version?', ['CLIENT GET ✗ 404']],
  ['/@own%2ftool', {}, '/:package/:version?', []],
  ['/@own%2ftool', json('PUT', packageOf('@own/tool', '')), '/:package/:_rev?/:revision?', []],
  ['/-/whoami', {}, '/-/whoami', []],
  ['/-/verdaccio/data/packages', {}, '/-/verdaccio/data/packages', []],
])('answers %s as without tracing, and shows what it does', async (path, init, route, below) => {
  const caller = new Caller(applications.receiver)
  const expected = await ask(bare.origin, path, init, DIFFERS)
  const answer = await ask(traced.origin, path, caller.request(init), DIFFERS)
  expect(comparableAnswer(answer, REVISION)).toEqual(comparableAnswer(expected, REVISION))

  const span = await caller.serverSpan()
  expect(comparable(span)).toEqual(requestSpan(new URL(path, traced.origin), init, expected.status, route))
  expect(span).toMatchObject({ service: 'verdaccio', parentSpanId: caller.spanId })
  expect(await caller.tree(/./)).toEqual([`SERVER ${span.name}`, ...below.map(line => `  ${line}`)])
})

it('traces requests to its uplink', async () => {
  const caller = new Caller(applications.receiver)
  await ask(traced.origin, '/missing', caller.request())
  const span = await caller.serverSpan()
  const [call] = (await caller.spans('GET')).filter(({ kind }) => kind === 'CLIENT')
  expect(call?.parentSpanId).toBe(span.spanId)
  expect(call && comparable(call)).toEqual({
    kind: 'CLIENT',
    name: 'GET',
    failed: true,
    attributes: {
      'http.request.method': 'GET',
      'url.full': `${uplink.origin}/missing`,
      'server.address': '127.0.0.1',
      'server.port': uplink.port,
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'http.response.status_code': 404,
      'error.type': '404',
    },
    links: [],
    events: [{ name: 'spanwright.response.headers', attributes: {} }],
  })
  expect(continued.get('/missing')).toBe(`00-${caller.traceId}-${call?.spanId}-01`)
})

it('ends as without tracing, with all spans sent', async () => {
  const caller = new Caller(applications.receiver)
  await ask(traced.origin, '/-/ping', caller.request())
  expect(await traced.stop()).toBe(await bare.stop())
  expect(await caller.tree(/^GET/)).toEqual(['SERVER GET /-/ping'])
})
