import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** What a client sees of a request: the response without its date, or the code of the error. */
export async function ask(port: number, method: string, path: string, body?: string): Promise<unknown> {
  const req = request({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers: { baggage: 'a=1', accept: 'text/plain' },
  })
  req.end(body)
  try {
    const [response] = (await once(req, 'response')) as [IncomingMessage]
    const { date: _, 'server-timing': _trace, ...headers } = response.headers
    return { status: response.statusCode, headers, body: await text(response) }
  } catch (error) {
    return { code: (error as { code?: unknown }).code }
  }
}
