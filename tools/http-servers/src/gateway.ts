import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** Headers of a connection, which HTTP/2 does not have (RFC 9113, section 8.2.2). */
const OF_A_CONNECTION = new Set(['connection', 'host', 'keep-alive', 'transfer-encoding', 'upgrade'])

/**
 * A connection that takes requests and gives responses as HTTP/1.1 writes them, and speaks HTTP/2 with the server. Like
 * a gateway, it sends a request when the one before has been answered.
 */
export class Http2Gateway extends Duplex {
  private readonly session: ClientHttp2Session
  private readonly socket: Socket
  /** What was written and not yet sent. */
  private unsent = ''
  private stream: ClientHttp2Stream | undefined
  /** Bytes that the body still lacks; undefined for a body in chunks. */
  private lacking: number | undefined

  constructor(socket: Socket, scheme: string) {
    super()
    this.socket = socket
    this.session = connect(`${scheme}://localhost`, {
      createConnection: () => socket,
      maxSendHeaderBlockLength: 1024 * 1024,
    })
    this.session.on('error', () => undefined)
    this.session.on('close', () => {
      this.push(null)
      this.end()
    })
  }

  resetAndDestroy(): this {
    this.socket.resetAndDestroy()
    return this
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: unknown, done: () => void): void {
    this.unsent += chunk.toString('latin1')
    this.send()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.session.destroy()
    this.socket.destroy()
    done(error)
  }

  private send(): void {
    if (this.stream) return this.sendBody(this.stream)
    const end = this.unsent.indexOf('\r\n\r\n')
    if (end < 0) return
    const [line = '', ...fields] = this.unsent.slice(0, end).split('\r\n')
    this.unsent = this.unsent.slice(end + 4)
    const [method = '', path = ''] = line.split(' ')
    const headers: Record<string, string | string[]> = { ':method': method, ':path': path }
    const isLast = /^connection: close$/im.test(fields.join('\n'))
    const isChunked = /^transfer-encoding: chunked$/im.test(fields.join('\n'))
    for (const field of fields) {
      const colon = field.indexOf(':')
      const [name, value] = [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]
      if (name === 'host') headers[':authority'] = value
      if (!OF_A_CONNECTION.has(name))
        headers[name] = name in headers ? [headers[name] ?? [], value].flat() : value
    }
    this.lacking = isChunked ? undefined : Number(headers['content-length'] ?? 0)
    try {
      this.stream = this.session.request(headers, { endStream: this.lacking === 0 })
    } catch {
      // What HTTP/2 cannot express.
      this.push('HTTP/1.1 400 \r\n\r\n')
      return this.session.close()
    }
    this.receive(this.stream, isLast)
    this.sendBody(this.stream)
  }

  private sendBody(stream: ClientHttp2Stream): void {
    if (stream.writableEnded) return
    if (this.lacking === undefined) {
      for (;;) {
        const [head, size = ''] = /^([\da-f]+)\r\n/i.exec(this.unsent) ?? []
        if (head === undefined) return
        const length = Number.parseInt(size, 16)
        stream.write(this.unsent.slice(head.length, head.length + length), 'latin1')
        this.unsent = this.unsent.slice(head.length + length + 2)
        if (length === 0) return void stream.end()
      }
    }
    const part = this.unsent.slice(0, this.lacking)
    this.unsent = this.unsent.slice(part.length)
    this.lacking -= part.length
    if (part !== '') stream.write(part, 'latin1')
    if (this.lacking === 0) stream.end()
  }

  private receive(stream: ClientHttp2Stream, isLast: boolean): void {
    let isComplete = false
    stream.on('error', () => undefined)
    stream.on('continue', () => this.push('HTTP/1.1 100 Continue\r\n\r\n'))
    stream.on('headers', headers => this.push(headOf(headers)))
    stream.on('response', headers => this.push(headOf(headers)))
    stream.on('data', (data: Buffer) => {
      if (!this.push(data)) stream.pause()
    })
    stream.on('end', () => (isComplete = true))
    stream.on('close', () => {
      this.stream = undefined
      if (!isComplete || stream.rstCode !== 0) this.session.destroy()
      else if (isLast) this.session.close()
      else this.send()
    })
  }
}

function headOf({
  ':status': status,
  ...headers
}: IncomingHttpHeaders & { readonly ':status'?: number | undefined }): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map(one => `${name}: ${one}\r\n`),
  )
  return `HTTP/1.1 ${status} \r\n${lines.join('')}\r\n`
}
