import { IncomingMessage, type OutgoingHttpHeaders, type RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What an adapter returns to its caller. */
export interface AdapterAnswer {
  readonly statusCode: number
  readonly headers: OutgoingHttpHeaders
  readonly body: string
}

const nothing = (): void => undefined

/** What adapters for Lambda use instead of a connection: not a stream, and it never emits anything. */
const NO_CONNECTION = { remoteAddress: '127.0.0.1', remotePort: 40_000, destroy: nothing, on: nothing }

class AdapterRequest extends IncomingMessage {
  constructor(method: string, url: string, body: string) {
    super({ ...NO_CONNECTION } as unknown as Socket)
    Object.assign(this, {
      method,
      url,
      httpVersion: '1.1',
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      complete: true,
      headers: { host: 'shop.test', 'content-length': String(body.length) },
    })
    if (body !== '') this.push(body)
    this.push(null)
  }
}

class AdapterResponse extends ServerResponse {
  readonly chunks: string[] = []

  constructor(method: string) {
    // Made of the method alone: the response does not know the request it answers.
    super({ method } as IncomingMessage)
    const { chunks } = this
    this.assignSocket({
      ...NO_CONNECTION,
      _writableState: {},
      writable: true,
      removeListener: nothing,
      cork: nothing,
      uncork: nothing,
      write(data: string | Uint8Array, encoding: unknown, done: unknown) {
        chunks.push(Buffer.from(data as Uint8Array).toString('latin1'))
        const callback = typeof encoding === 'function' ? encoding : done
        if (typeof callback === 'function') callback()
        return true
      },
    } as unknown as Socket)
  }
}

/**
 * Passes a request to an app as adapters for Lambda do: there is no connection, and the response emits `finish` and never
 * `close`.
 */
export async function invoke(
  listener: RequestListener,
  url: string,
  method = 'GET',
  body = '',
): Promise<AdapterAnswer> {
  const req = new AdapterRequest(method, url, body)
  const res = new AdapterResponse(method)
  await new Promise<void>(resolve => {
    res.on('finish', resolve)
    listener(req, res)
  })
  const [, sent = ''] = res.chunks.join('').split('\r\n\r\n', 2)
  return { statusCode: res.statusCode, headers: res.getHeaders(), body: sent }
}
