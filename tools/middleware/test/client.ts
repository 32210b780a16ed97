import { Agent, request } from 'node:http'

import type ws from 'ws'

import { load } from './load.ts'

/** What a client sends. */
export interface Request {
  /** Default: GET. */
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** Called when the first bytes of the body are here. */
  readonly onData?: () => void
  /** True: the client disconnects at the first bytes of the body. */
  readonly leaves?: boolean
  /** Messages to send over a WebSocket; each awaits its answer. */
  readonly messages?: readonly string[]
}

/** What a client gets. */
export interface Reply {
  readonly status: number
  readonly reason: string
  /** Names and values as they came, without those that differ with time. */
  readonly headers: readonly string[]
  readonly body: string
  readonly complete: boolean
}

/** Headers that differ between two runs of the same program. */
const DIFFERS = /^(date|sec-websocket-accept)$/i

/** Sends requests to one server as a browser does: with the cookies that it received. */
export class Client {
  private readonly cookies = new Map<string, string>()

  private readonly port: number

  constructor(port: number) {
    this.port = port
  }

  send(asked: Request, traceparent: string): Promise<Reply> {
    const headers = { ...asked.headers, ...this.cookieHeader(), traceparent }
    return asked.messages ? this.talk(asked, asked.messages, headers) : this.exchange(asked, headers)
  }

  private exchange({ method = 'GET', path, body, onData, leaves }: Request, headers: object): Promise<Reply> {
    const target = { host: '127.0.0.1', port: this.port, agent: new Agent(), method, path }
    return new Promise((resolve, reject) => {
      const sent = request({ ...target, headers: { ...headers } }, response => {
        const chunks: Buffer[] = []
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? '',
            headers: this.look(response.rawHeaders),
            body: leaves ? '' : Buffer.concat(chunks).toString('latin1'),
            complete: response.complete,
          })
        response.once('data', () => (leaves ? sent.destroy() : onData?.()))
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', done)
        response.on('end', done)
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  private async talk({ path }: Request, messages: readonly string[], headers: object): Promise<Reply> {
    const { WebSocket } = load<typeof ws>('ws')
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, { headers: { ...headers } })
    const upgraded = new Promise<readonly string[]>(resolve => {
      socket.once('upgrade', ({ rawHeaders }) => resolve(this.look(rawHeaders)))
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    const answers: string[] = []
    for (const message of messages) {
      const answer = new Promise(resolve => socket.once('message', resolve))
      socket.send(message)
      answers.push(String(await answer))
    }
    const closed = new Promise<number>(resolve => socket.once('close', resolve))
    socket.close(1000)
    const complete = (await closed) === 1000
    return { status: 101, reason: '', headers: await upgraded, body: answers.join(' '), complete }
  }

  private look(raw: readonly string[]): readonly string[] {
    const lines: string[] = []
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] ?? ''
      const value = raw[i + 1] ?? ''
      const cookie = /^set-cookie$/i.test(name) ? /^([^=]+)=([^;]*)/.exec(value) : undefined
      if (cookie) this.cookies.set(cookie[1] ?? '', cookie[2] ?? '')
      if (!DIFFERS.test(name)) lines.push(`${name}: ${value}`)
    }
    return lines
  }

  private cookieHeader(): { cookie?: string } {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return cookie ? { cookie } : {}
  }
}
