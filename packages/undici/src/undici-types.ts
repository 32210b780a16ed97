// The part of undici's interfaces used here, the same in 6, 7 and 8. Nothing is imported from undici, so the types fit
// any installed version, or none.

/** Options of a dispatch. They belong to the caller. */
export interface DispatchOptions {
  readonly origin?: string | URL | null
  readonly path?: unknown
  readonly method?: unknown
  readonly headers?: unknown
  readonly [key: string | symbol]: unknown
}

/** The controller passed to a handler by undici 7 and 8. */
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

/** Receives a response, in the form of undici 6, which 7 accepts too. */
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

/** Alternating names and values. */
export type RawHeaders = readonly (Uint8Array | string | readonly (Uint8Array | string)[])[] | null

export type Dispatch = (options: DispatchOptions, handler: Handler | LegacyHandler) => boolean

/** A request as published by the diagnostics channels. It belongs to undici. */
export interface UndiciRequest {
  readonly method: string
  readonly path: string
  readonly origin?: string | URL | null
  readonly headers: unknown
  /** Value of the `Host` header, which is not among the others. */
  readonly host?: unknown
  readonly body?: unknown
  readonly contentLength?: unknown
  /** The protocol requested by an upgrade. */
  readonly upgrade?: unknown
  /** Called when the connection is handed over; undici 8 calls the other one. */
  onUpgrade?(...given: unknown[]): unknown
  onRequestUpgrade?(...given: unknown[]): unknown
  /** Adds a header; throws for an invalid one. */
  addHeader?(name: string, value: string): unknown
}
