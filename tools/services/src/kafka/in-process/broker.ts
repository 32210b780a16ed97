import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Groups } from './groups/groups.ts'
import { Topics } from './log/topics.ts'
import type { BrokerState } from './requests/api.ts'
import { answer } from './requests/dispatch.ts'
import { Transactions } from './transactions.ts'
import { FrameSplitter } from '../wire/frames.ts'

/** How the broker behaves. */
export interface BrokerSettings {
  partitions: number
  autoCreateTopics: boolean
  onProgress: (line: string) => void
}

/** A single-node Kafka broker in this process, keeping everything in memory. */
export class Broker {
  readonly host = '127.0.0.1'
  readonly #state: { -readonly [Key in keyof BrokerState]: BrokerState[Key] }
  readonly #onProgress: (line: string) => void
  #server: Server | undefined
  #sockets = new Set<Socket>()

  constructor({ partitions, autoCreateTopics, onProgress }: BrokerSettings) {
    const groups = new Groups()
    const topics = new Topics(partitions, autoCreateTopics)
    this.#state = { host: this.host, port: 0, topics, groups, transactions: new Transactions(groups) }
    this.#onProgress = onProgress
  }

  get port(): number {
    return this.#state.port
  }

  /** Listens on a port; 0 for the same as before or, the first time, any free one. */
  async listen(port: number): Promise<void> {
    const server = createServer({ noDelay: true }, socket => void this.#serve(socket))
    server.listen(port === 0 ? this.port : port, this.host)
    await once(server, 'listening')
    const address = server.address()
    this.#state.port = typeof address === 'object' && address !== null ? address.port : port
    this.#server = server
    this.#state.transactions.startClocks()
  }

  /** Cuts all connections and stops listening; topics, records and offsets stay. */
  async close(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    this.#state.groups.disband()
    this.#state.transactions.stopClocks()
    await closed
  }

  /** Requests of a connection are answered one after the other, as Kafka does. */
  async #serve(socket: Socket): Promise<void> {
    const gone = new AbortController()
    const frames = new FrameSplitter()
    const connection = { host: socket.remoteAddress ?? '', gone: gone.signal }
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      gone.abort()
    })
    try {
      for await (const chunk of socket) {
        for (const frame of frames.push(Buffer.from(chunk))) {
          const response = await answer(frame, this.#state, connection)
          if (response !== undefined && socket.writable) socket.write(response)
        }
      }
    } catch (error) {
      // A client that hung up is none of our business; what it sent may be.
      if (!gone.signal.aborted) this.#onProgress(`Kafka: closed a connection: ${String(error)}`)
    } finally {
      socket.destroy()
    }
  }
}
