import type { Metadata } from '@grpc/grpc-js'
import {
  aBoolean,
  aListOfStrings,
  aRecordOf,
  type OptionRules,
  type TracingOptions,
} from '@spanwright/core/plugin'

/** A call as passed to hooks. */
export interface GrpcOperation {
  readonly system: 'grpc'
  /** Service and method, fully qualified: `shop.Cart/Add`. */
  readonly method: string
  /** Request metadata: on a client as the caller passed it, on a server as received. */
  readonly metadata: Metadata
}

/** Which metadata is recorded as attributes. Keys are case-insensitive; binary values are recorded as base64. */
export interface CaptureMetadata {
  /** Keys of request metadata. Default: none. */
  readonly request?: readonly string[] | undefined
  /** Keys of metadata that comes before the response messages. Default: none. */
  readonly response?: readonly string[] | undefined
  /** Keys of metadata that comes with the status. Default: none. */
  readonly trailers?: readonly string[] | undefined
  /** Keys whose values are recorded although they usually hold secrets, such as `authorization`. Default: none. */
  readonly unmasked?: readonly string[] | undefined
}

export interface GrpcTracingOptions extends TracingOptions<GrpcOperation> {
  /** Whether to record each message as the event `spanwright.rpc.message`. Default: false. */
  readonly messageEvents?: boolean | undefined
  /** Whether to record the number of messages in both directions, and their size in bytes. Default: false. */
  readonly messageSizes?: boolean | undefined
  /** Metadata recorded as attributes; values that usually are secrets are masked. Default: none. */
  readonly captureMetadata?: CaptureMetadata | undefined
  /**
   * Whether the context is also sent and read as `grpc-trace-bin`, the binary form of OpenCensus. When both are present,
   * `traceparent` is used. Default: false.
   */
  readonly grpcTraceBin?: boolean | undefined
}

/** Options of {@link traceGrpcClient}. */
export interface GrpcClientTracingOptions extends GrpcTracingOptions {
  /** Whether the context is written into the metadata. Default: true. */
  readonly inject?: boolean | undefined
  /** Whether to keep or replace a context already in the metadata. Default: `'keep'`. */
  readonly existingContext?: 'keep' | 'replace' | undefined
}

/**
 * How to treat the caller's context: `trust` continues its trace, `link` starts a new trace linked to it, `ignore`
 * starts a new trace.
 */
type ParentPolicy = 'trust' | 'link' | 'ignore'

/** Options of {@link traceGrpcServer}. */
export interface GrpcServerTracingOptions extends GrpcTracingOptions {
  /**
   * How to treat the caller's context. Default: `trust`. A function that throws, or returns any other value, means
   * `ignore`.
   */
  readonly parent?: ParentPolicy | ((operation: GrpcOperation) => ParentPolicy) | undefined
}

export const GRPC_RULES: OptionRules = {
  messageEvents: aBoolean,
  messageSizes: aBoolean,
  captureMetadata: aRecordOf({
    request: aListOfStrings,
    response: aListOfStrings,
    trailers: aListOfStrings,
    unmasked: aListOfStrings,
  }),
  grpcTraceBin: aBoolean,
}
