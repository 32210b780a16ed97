import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { Groups } from './groups/groups.ts'
import { Topics } from './log/topics.ts'
import { Leaders } from './leaders.ts'
import { type BrokerState, firstNode } from './requests/api.ts'
import { answer } from './requests/dispatch.ts'
import { Transactions } from './transactions.ts'
import { FrameSplitter } from '../wire/frames.ts'

/** How the broker behaves. */
export interface BrokerSettings {
  partitions: number
  autoCreateTopics: boolean
  /** How many nodes it has, each with a port of its own. */
  nodes: number
  onProgress: (line: string) => void
}

/** A Kafka broker, or several nodes of a cluster, in this process, with all data in memory. */
export class Broker {
  readonly host = '127.0.0.1'
  readonly #state: { -readonly [Key in keyof BrokerState]: BrokerState[Key] }
  readonly #onProgress: (line: string) => void
  readonly #nodes: number
  #servers: Server[] = []
  #sockets = new Set<Socket>()

  constructor({ partitions, autoCreateTopics, nodes, onProgress }: BrokerSettings) {
    const groups = new Groups()
    const topics = new Topics(partitions, autoCreateTopics)
    const ports = Array.from({ length: nodes }, () => 0)
    const transactions = new Transactions(groups)
    this.#nodes = nodes
    this.#state = { host: this.host, ports, leaders: new Leaders(nodes), topics, groups, transactions }
    this.#onProgress = onProgress
  }

  /** Ports of the nodes. */
  get ports(): readonly number[] {
    return this.#state.ports
  }

  /** Makes the node with this port the leader of a partition. */
  moveLeader(topic: string, partition: number, port: number): void {
    this.#state.leaders.move(topic, partition, firstNode + this.ports.indexOf(port))
  }

  /** Listens, the first node on a given port; 0 for the previous one or, the first time, any free one. */
  async listen(port: number): Promise<void> {
    const ports: number[] = []
    for (let index = 0; index < this.#nodes; index++) {
      const wanted = index === 0 && port !== 0 ? port : (this.ports[index] ?? 0)
      ports.push(await this.#listenAs(firstNode + index, wanted))
    }
    this.#state.ports = ports
    this.#state.transactions.startClocks()
  }

  async #listenAs(nodeId: number, port: number): Promise<number> {
    const server = createServer({ noDelay: true }, socket => void this.#serve(socket, nodeId))
    server.listen(port, this.host)
    await once(server, 'listening')
    this.#servers.push(server)
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }

  /** Cuts all connections and stops listening; topics, records and offsets are kept. */
  async close(): Promise<void> {
    const servers = this.#servers.splice(0)
    if (servers.length === 0) return
    const closed = servers.map(server => new Promise(resolve => server.close(resolve)))
    for (const socket of this.#sockets) socket.destroy()
    this.#state.groups.disband()
    this.#state.transactions.stopClocks()
    await Promise.all(closed)
  }

  /** Responds to the requests of a connection one after the other, as Kafka does. */
  async #serve(socket: Socket, nodeId: number): Promise<void> {
    const gone = new AbortController()
    const frames = new FrameSplitter()
    const connection = { host: socket.remoteAddress ?? '', nodeId, gone: gone.signal }
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
      // A client may disconnect at any time; invalid requests are reported.
      if (!gone.signal.aborted) this.#onProgress(`Kafka: closed a connection: ${String(error)}`)
    } finally {
      socket.destroy()
    }
  }
}
