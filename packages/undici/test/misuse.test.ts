import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { perCall, traceFetch, traceUndici, tracing } from '@spanwright/undici'
import { Agent, request } from 'undici'

import { startServer } from './server.ts'

const untyped = { tracing, traceFetch, traceUndici } as unknown as Record<
  string,
  (...given: unknown[]) => unknown
>

describe('a wrong use is refused at set-up', () => {
  it.each([
    [
      'tracing',
      [{ semcov: 'latest' }],
      "tracing(): unknown option 'semcov' (given 'latest'); did you mean semconv?",
    ],
    [
      'tracing',
      [{ propagateTo: 'example.com' }],
      "option propagateTo must be true, false, an array of hosts, origins and regular expressions, or a function of the URL; got 'example.com'",
    ],
    [
      'tracing',
      [{ propagateTo: ['example.com/path'] }],
      "tracing(): option propagateTo takes hosts, hosts with a port and origins; got 'example.com/path'",
    ],
    [
      'tracing',
      [{ existingContext: 'drop' }],
      "option existingContext must be 'keep', 'replace'; got 'drop'",
    ],
    ['tracing', [null], 'tracing(): options must be an object, got null'],
    ['tracing', [new Agent()], 'tracing(): unknown option'],
    ['traceFetch', [], 'traceFetch(): expected a fetch function, such as globalThis.fetch; got undefined'],
    ['traceFetch', [{}], 'traceFetch(): expected a fetch function, such as globalThis.fetch; got {}'],
    ['traceFetch', [fetch, { urlTemplate: 7 }], 'traceFetch(): option urlTemplate must be'],
    ['traceUndici', [{ captureHeaders: ['a'] }], 'traceUndici(): option captureHeaders must be'],
  ])('%s(%p)', (name, given, message) => {
    expect(() => untyped[name]?.(...given)).toThrow(TypeError)
    expect(() => untyped[name]?.(...given)).toThrow(message)
  })

  it('tracing() used instead of what it returns', () => {
    expect(() => new Agent().compose(tracing as never)).toThrow(TypeError)
    const interceptor = tracing() as unknown as (dispatch: unknown) => unknown
    expect(() => interceptor(new Agent())).toThrow('tracing() makes an interceptor for dispatcher.compose()')
  })
})

describe('traceFetch()', () => {
  it('keeps name, length and properties of the wrapped function, and wraps once', () => {
    function fetchMine(_input: string, _init?: object): Promise<unknown> {
      return Promise.resolve()
    }
    const traced = traceFetch(fetchMine)
    expect(traced.name).toBe('fetchMine')
    expect(traced.length).toBe(2)
    expect(traceFetch(traced)).toBe(traced)
  })

  it('lets fetch refuse with its own message', async () => {
    const traced = traceFetch(fetch) as unknown as (...given: unknown[]) => Promise<unknown>
    const bare = fetch as unknown as (...given: unknown[]) => Promise<unknown>
    for (const given of [
      [],
      ['not a url'],
      ['http://127.0.0.1', 'text'],
      ['http://127.0.0.1', { method: 'b a d' }],
    ]) {
      const expected: unknown = await bare(...given).catch((error: unknown) => error)
      await expect(traced(...given)).rejects.toEqual(expected)
    }
  })

  it("reports once that a function not built on undici's fetch has no spans", async () => {
    const { messages, stop } = collectDiag()
    const traced = traceFetch(async (input: string) => ({ url: input, status: 200 }))
    for (let i = 0; i < 3; i++) expect(await traced('http://somewhere.test/')).toMatchObject({ status: 200 })
    stop()
    expect(messages).toEqual([expect.stringContaining('not the fetch of Node or undici')])
  })

  it('rejects as fetch does when its argument throws', async () => {
    const init = {
      get signal(): AbortSignal {
        throw new Error('a getter')
      },
    }
    await expect(traceFetch(fetch)('http://127.0.0.1', init)).rejects.toThrow('a getter')
  })
})

describe('tracing()', () => {
  it('leaves it to undici to refuse headers that cannot be read', async () => {
    const agent = new Agent()
    const headers = {
      get broken(): string {
        throw new Error('a getter')
      },
    }
    for (const dispatcher of [agent, agent.compose(tracing({ onStart: () => undefined }))]) {
      await expect(request('http://127.0.0.1', { dispatcher, headers })).rejects.toThrow('a getter')
    }
    await agent.close()
  })

  it('keeps the prototype of options, whatever their names are', async () => {
    const server = await startServer()
    const agent = new Agent()
    const given = JSON.parse('{"__proto__":{"query":{"inherited":"1"}}}') as object
    const init = JSON.parse('{"__proto__":{"method":"POST"}}') as object
    await (await request(server.origin, { ...given, dispatcher: agent.compose(tracing()) })).body.dump()
    await (await traceFetch(fetch)(server.origin, init)).text()
    expect(server.received.map(({ method, url }) => [method, url])).toEqual([
      ['GET', '/'],
      ['GET', '/'],
    ])
    await agent.close()
    await server.stop()
  })

  it('ignores invalid options of a single call', async () => {
    const server = await startServer()
    const agent = new Agent()
    const own = { [perCall]: { name: 7, urlTemplate: {}, propagate: 'yes', attributes: 'none' } }
    const { statusCode, body } = await request(server.origin, {
      dispatcher: agent.compose(tracing()),
      ...own,
    })
    await body.dump()
    expect(statusCode).toBe(200)
    await agent.close()
    await server.stop()
  })
})
