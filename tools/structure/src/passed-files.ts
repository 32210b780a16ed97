import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer, get, type IncomingMessage } from 'node:http'
import { Session, type Profiler } from 'node:inspector/promises'
import type { AddressInfo } from 'node:net'
import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

import express from 'express'
import Koa from 'koa'

import { tracing as traceExpress } from '@spanwright/express'
import { tracing as traceKoa } from '@spanwright/koa'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { ROOT } from './sources.ts'

/** Applications that answer `GET /users/7` as simply as they can. */
const APPLICATIONS: Readonly<Record<string, () => RequestListener>> = {
  'an Express request': () =>
    express()
      .use(traceExpress())
      .get('/users/:id', (_, response) => void response.end('Ada')),
  'a Koa request': () =>
    new Koa()
      .use(traceKoa())
      .use(context => {
        context.body = 'Ada'
      })
      .callback(),
}

/** The files of published packages in which a function is called from the start to the end of a request, by the kind of request. */
export async function findPassedFiles(): Promise<Record<string, string[]>> {
  const recorder = recordSpans({ global: true })
  const passed: Record<string, string[]> = {}
  for (const [name, createApplication] of Object.entries(APPLICATIONS)) {
    passed[name] = await recordRequest(createApplication(), recorder)
  }
  await recorder.stop()
  return passed
}

async function recordRequest(listener: RequestListener, recorder: SpanRecorder): Promise<string[]> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const session = new Session()
  session.connect()
  try {
    // The first request learns routes and loads what is loaded late.
    await request(port, recorder)
    await session.post('Debugger.enable')
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
    await session.post('Profiler.takePreciseCoverage')
    await request(port, recorder)
    const { result } = await session.post('Profiler.takePreciseCoverage')
    const passed: string[] = []
    for (const script of result.filter(entry => isOurs(pathOf(entry)))) {
      const { scriptSource } = await session.post('Debugger.getScriptSource', { scriptId: script.scriptId })
      if (wasCalled(script, scriptSource)) passed.push(pathOf(script))
    }
    return passed.toSorted()
  } finally {
    session.disconnect()
    server.close()
    await once(server, 'close')
  }
}

async function request(port: number, recorder: SpanRecorder): Promise<void> {
  await recorder.reset()
  const [response] = (await once(
    get({ port, host: '127.0.0.1', path: '/users/7', agent: false }),
    'response',
  )) as [IncomingMessage]
  response.resume()
  await recorder.waitFor({ kind: 'SERVER' })
}

/** Getters of exported names, which the transform adds: reading a constant isn't a call. */
const EXPORTED = /^\(\) ?=> ?[\w.[\]]+$/

function wasCalled({ functions }: Profiler.ScriptCoverage, source: string): boolean {
  return functions.some(({ functionName, ranges: [range] }) => {
    if (functionName === '' || !range || range.count === 0) return false
    return !EXPORTED.test(source.slice(range.startOffset, range.endOffset))
  })
}

function pathOf({ url }: Profiler.ScriptCoverage): string {
  const file = url.startsWith('file:') ? fileURLToPath(url.replace(/\?.*$/, '')) : url
  return relative(ROOT, file).split(sep).join('/')
}

function isOurs(path: string): boolean {
  return /^packages\/(?!testing\/)/.test(path)
}
