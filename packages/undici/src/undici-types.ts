// The part of undici's interfaces that is needed here, the same in 6, 7 and 8: nothing is imported from undici, so
// that the types fit whichever version is installed, or none.

/** Options of a dispatch. They belong to the caller. */
export interface DispatchOptions {
  readonly origin?: string | URL | null
  readonly path?: unknown
  readonly method?: unknown
  readonly headers?: unknown
  readonly [key: string | symbol]: unknown
}

/** What a connection offers a handler: undici 7 and 8. */
export interface Controller {
  readonly aborted?: boolean
  readonly paused?: boolean
  resume?(): void
}

/** Receives a response, in the form of undici 7 and 8. */
export interface Handler {
  onRequestStart?(controller: Controller, context: unknown): void
  onRequestUpgrade?(
    controller: Controller,
    statusCode: number,
    headers: ResponseHeaders,
    socket: unknown,
  ): unknown
  onResponseStarted?(): unknown
  onResponseStart?(
    controller: Controller,
    statusCode: number,
    headers: ResponseHeaders,
    statusMessage?: string,
  ): unknown
  onResponseData?(controller: Controller, chunk: Uint8Array): unknown
  onResponseEnd?(controller: Controller, trailers: unknown): unknown
  onResponseError?(controller: Controller, error: unknown): unknown
  onBodySent?(chunk: Uint8Array): unknown
  onRequestSent?(): unknown
}

export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>

type Abort = (reason?: unknown) => void

/** Receives a response, in the form of undici 6, which 7 takes too. */
export interface LegacyHandler {
  onConnect?(abort: Abort, context: unknown): unknown
  onUpgrade?(statusCode: number, headers: RawHeaders, socket: unknown): unknown
  onResponseStarted?(): unknown
  onHeaders?(statusCode: number, headers: RawHeaders, resume: () => void, statusText: string): unknown
  onData?(chunk: Uint8Array): unknown
  onComplete?(trailers: unknown): unknown
  onError?(error: unknown): unknown
  onBodySent?(chunk: Uint8Array): unknown
  onRequestSent?(): unknown
}

/** Names and values in turn. */
export type RawHeaders = readonly (Uint8Array | string | readonly (Uint8Array | string)[])[] | null

export type Dispatch = (options: DispatchOptions, handler: Handler | LegacyHandler) => boolean

/** A request as the diagnostics channels show it. It belongs to undici. */
export interface UndiciRequest {
  readonly method: string
  readonly path: string
  readonly origin?: string | URL | null
  readonly headers: unknown
  /** Of the header, which is not among the others. */
  readonly host?: unknown
  readonly body?: unknown
  readonly contentLength?: unknown
  /** The protocol that is asked for by an upgrade. */
  readonly upgrade?: unknown
  /** Called when the connection is handed over; undici 8 calls the other one. */
  onUpgrade?(...given: unknown[]): unknown
  onRequestUpgrade?(...given: unknown[]): unknown
  /** Adds a header, and refuses what is none. */
  addHeader?(name: string, value: string): unknown
}
