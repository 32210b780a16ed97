import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

import type { ClientConnection, ClientRequest } from '@spanwright/core/plugin'

import { passStages } from './stages.ts'
import { subscriberOf } from './subscriber.ts'
import type { UndiciRequest } from '../undici-types.ts'

/** What the channel `undici:client:sendHeaders` publishes. */
export interface SentHeaders {
  readonly request: UndiciRequest
  readonly headers: unknown
  readonly socket: Socket | null
}

const HTTP1 = ' HTTP/1.1'

type Peer = Parameters<ClientRequest['sentTo']>[0]

/** The peer of each connection, read from the first request on it: parsing its headers is expensive. */
const peers = new WeakMap<Socket, Peer>()

/** The peer of the connection that a request was written to. */
function peerOf(sent: SentHeaders): Peer {
  const { socket } = sent
  const known = socket && peers.get(socket)
  if (known) return known
  const peer = {
    address: socket?.remoteAddress,
    port: socket?.remotePort,
    version: isHttp1(sent.headers) ? '1.1' : '2',
  }
  if (socket) peers.set(socket, peer)
  return peer
}

/** Over HTTP/2 undici publishes the headers in a different form, without a request line. */
function isHttp1(headers: unknown): boolean {
  return typeof headers === 'string' && headers.startsWith(HTTP1, headers.indexOf('\r\n') - HTTP1.length)
}

/** Connections that are measured. */
const connections = new WeakMap<Socket, ClientConnection>()

/** True once there is such a connection: then requests of all clients count. */
let isCounting = false

/** When connections were opened, on the clock of `performance.now()`. */
const opened = new WeakMap<object, number>()

/** A request was written to a connection. */
export function sentOver(request: ClientRequest, sent: SentHeaders): void {
  request.sentTo(peerOf(sent))
  const { socket } = sent
  if (request.wantsStages) passStages(request, sent.request, socket)
  if (!socket || !(isCounting || request.wantsConnections)) return
  const connection = connections.get(socket) ?? openConnection(request, socket)
  if (!connection) return
  connection.took()
  request.whenOver(() => connection.gaveBack())
}

function openConnection(request: ClientRequest, socket: Socket): ClientConnection | undefined {
  const connection = request.connectionOver(opened.get(socket) ?? performance.now())
  if (!connection) return undefined
  isCounting = true
  connections.set(socket, connection)
  socket.once('close', () => connection.closed())
  return connection
}

/** A request that undici is about to write. */
interface Starting {
  readonly method: string
  readonly path: string
  written(sent: SentHeaders): void
}

let starting: Starting | undefined

/**
 * Called when a handler is notified that its request starts: undici publishes the connection synchronously after that,
 * and only there.
 */
export function awaitConnection(request: Starting): void {
  starting = request
}

const CONNECTED = 'undici:client:connected'
const SENT = 'undici:client:sendHeaders'
let isSubscribed = false

/** Starts observing the connections of requests that interceptors trace. */
export function learnConnections(): void {
  if (isSubscribed) return
  isSubscribed = true
  subscribe(CONNECTED, subscriberOf(CONNECTED, noteOpened))
  subscribe(SENT, subscriberOf(SENT, noteSent))
}

function noteOpened({ socket }: { readonly socket?: object }): void {
  if (socket) opened.set(socket, performance.now())
}

function noteSent(sent: SentHeaders): void {
  const awaited = starting
  if (!awaited) return
  starting = undefined
  if (awaited.method === sent.request.method && awaited.path === sent.request.path) awaited.written(sent)
}
