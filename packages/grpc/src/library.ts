import type {
  InterceptingListener,
  Metadata,
  ServerInterceptingCallInterface,
  StatusObject,
} from '@grpc/grpc-js'

// The parts of grpc-js whose types it doesn't export, or exports only in newer versions.

/** Passed with a message: the callback of the write. */
export interface WriteContext {
  readonly callback?: (error?: Error | null) => void
}

/** The call that a client's interceptor passes everything to. */
export interface NextCall {
  start(metadata: Metadata, listener?: Partial<InterceptingListener>): void
  sendMessageWithContext(context: WriteContext, message: unknown): void
  sendMessage(message: unknown): void
  halfClose(): void
  getPeer(): string
}

/** Receives the events of a call from the server. */
export interface ServerListener {
  onReceiveMetadata(metadata: Metadata): void
  onReceiveMessage(message: unknown): void
  onReceiveHalfClose(): void
  onCancel(): void
}

/** The status that a server sends. */
export type SentStatus = Pick<StatusObject, 'code'> & { readonly metadata?: Metadata | null | undefined }

/** The call that a server's interceptor passes everything to. It has the host from 1.11 on, the connection from 1.14. */
export type NextServerCall = Pick<
  ServerInterceptingCallInterface,
  'sendMetadata' | 'sendMessage' | 'sendStatus' | 'getPeer'
> & {
  start(listener: ServerListener): void
  getHost?(): string
  getConnectionInfo?(): {
    readonly remoteAddress?: string | undefined
    readonly remotePort?: number | undefined
  }
  /** The call that the call of an interceptor wraps. */
  readonly nextCall?: NextServerCall
}
