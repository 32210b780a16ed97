import { connect, type Socket } from 'node:net'

import type { SdkState } from './measured/protocol.ts'

const CONNECTIONS = 16
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)/i

/** Requests over keep-alive connections, each of which has one request under way. */
export class Load {
  private readonly connections: readonly Connection[]

  private constructor(connections: readonly Connection[]) {
    this.connections = connections
  }

  /** Connects to a server. Requests belong to a trace that is sampled when the server's own would be. */
  static async connect(port: number, state: SdkState): Promise<Load> {
    const sampled = state === 'unsampled' ? '00' : '01'
    const head = [
      'GET /users/42 HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      'User-Agent: bench',
      'Accept: */*',
      `traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${sampled}`,
    ]
    const request = Buffer.from(`${head.join('\r\n')}\r\n\r\n`)
    const connecting = Array.from({ length: CONNECTIONS }, () => Connection.open(port, request))
    return new Load(await Promise.all(connecting))
  }

  /**
   * Sends requests for some seconds, and waits until the last of them is answered.
   * @returns how many were answered
   * @throws Error when a connection breaks or a response is not a 200
   */
  async run(seconds: number): Promise<number> {
    const until = performance.now() + seconds * 1000
    return this.runWhile(() => performance.now() < until)
  }

  /**
   * Sends a number of requests, and waits until the last of them is answered.
   * @throws Error when a connection breaks or a response is not a 200
   */
  async send(count: number): Promise<void> {
    let left = count - this.connections.length
    await this.runWhile(() => left-- > 0)
  }

  private async runWhile(goesOn: () => boolean): Promise<number> {
    const counts = await Promise.all(this.connections.map(connection => connection.run(goesOn)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  close(): void {
    for (const connection of this.connections) connection.close()
  }
}

class Connection {
  private readonly socket: Socket
  private readonly request: Buffer
  private received: Buffer = Buffer.alloc(0)
  private goesOn: () => boolean = () => false
  private count = 0
  private done: (count: number) => void = () => {}
  private fail: (error: Error) => void = () => {}

  private constructor(socket: Socket, request: Buffer) {
    this.socket = socket
    this.request = request
    socket.setNoDelay(true)
    socket.on('data', chunk => this.receive(chunk))
    socket.on('error', error => this.fail(error))
    socket.on('close', () => this.fail(new Error('the server closed a connection')))
  }

  static open(port: number, request: Buffer): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Connection(socket, request))
      })
    })
  }

  /** Sends one request after the other, at least one. Asked after each whether it goes on. */
  run(goesOn: () => boolean): Promise<number> {
    this.goesOn = goesOn
    this.count = 0
    return new Promise((resolve, reject) => {
      this.done = resolve
      this.fail = reject
      this.socket.write(this.request)
    })
  }

  close(): void {
    this.fail = () => {}
    this.socket.destroy()
  }

  private receive(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk])
    const length = responseLength(this.received)
    if (length === undefined || this.received.length < length) return
    if (this.received.length > length || !this.received.subarray(9, 12).equals(OK)) {
      this.fail(new Error(`not what was asked for: ${this.received.toString('latin1')}`))
      return
    }
    this.received = NOTHING
    this.count++
    if (this.goesOn()) this.socket.write(this.request)
    else this.done(this.count)
  }
}

const OK = Buffer.from('200')
const NOTHING = Buffer.alloc(0)

/** Length of a response with its head; undefined as long as the head is not complete. */
function responseLength(received: Buffer): number | undefined {
  const end = received.indexOf(END_OF_HEAD)
  if (end < 0) return undefined
  const length = CONTENT_LENGTH.exec(received.toString('latin1', 0, end))?.[1]
  return end + END_OF_HEAD.length + Number(length ?? 0)
}
