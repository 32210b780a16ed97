import type { Attributes } from '@opentelemetry/api'
import {
  CapturedHeaders,
  type DurationMetric,
  isIdle,
  LateHistogram,
  type OptionRules,
  recogniseErrors,
  Settings,
} from '@spanwright/core/plugin'
import {
  ATTR_RPC_METHOD,
  ATTR_RPC_REQUEST_HEADER_PREFIX,
  ATTR_RPC_RESPONSE_HEADER_PREFIX,
  ATTR_RPC_RESPONSE_TRAILER_PREFIX,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  GRPC_STATUS_CODES,
  type MetricDefinition,
  RPC_SYSTEM_GRPC,
} from '@spanwright/core/semconv'

import { type Address, writeAddress } from './address.ts'
import type { GrpcOperation, GrpcTracingOptions } from './options.ts'
import { readServiceError } from './service-error.ts'
import { VERSION } from './version.ts'

/** One side of calls: the options that its entry point accepts, and the metric that it records. */
export interface Side {
  readonly area: 'rpc.client' | 'rpc.server'
  readonly caller: string
  readonly rules: OptionRules
  readonly metric: MetricDefinition
  readonly keys: readonly string[]
}

/** A method, as its spans and metrics show it. */
export interface Method {
  /** Fully qualified: `shop.Cart/Add`. */
  readonly name: string
  /** The server; undefined where spans of one method may differ in it. */
  readonly address: Address | undefined
  readonly duration: DurationMetric<GrpcOperation>
}

const MOST_METHODS = 1000

/** The settings and instruments shared by all calls of one entry point. */
export class GrpcTracing<Given extends GrpcTracingOptions = GrpcTracingOptions> {
  readonly settings: Settings<GrpcOperation, Given>
  readonly requestHeaders: CapturedHeaders
  readonly responseHeaders: CapturedHeaders
  readonly trailers: CapturedHeaders
  readonly isClient: boolean
  private readonly keys: readonly string[]
  private readonly histogram: LateHistogram<GrpcOperation>
  private readonly methods = new Map<string, Method>()

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor({ area, caller, rules, metric, keys }: Side, given: Given | undefined) {
    const scope = { name: '@spanwright/grpc', version: VERSION }
    this.keys = keys
    this.isClient = area === 'rpc.client'
    this.settings = new Settings<GrpcOperation, Given>({ scope, caller, area, rules }, given)
    const { captureMetadata } = this.settings.options
    const { request, response, trailers, unmasked } = captureMetadata ?? {}
    this.requestHeaders = new CapturedHeaders(ATTR_RPC_REQUEST_HEADER_PREFIX, request, unmasked)
    this.responseHeaders = new CapturedHeaders(ATTR_RPC_RESPONSE_HEADER_PREFIX, response, unmasked)
    this.trailers = new CapturedHeaders(ATTR_RPC_RESPONSE_TRAILER_PREFIX, trailers, unmasked)
    this.histogram = new LateHistogram(this.settings, metric)
    recogniseErrors('@grpc/grpc-js', readServiceError)
  }

  /** True when the metric is recorded. */
  get isMeasured(): boolean {
    return this.histogram.prepare()
  }

  /** True when calls can be passed through unchanged: nothing would be recorded or propagated. */
  get isIdle(): boolean {
    return isIdle(this.settings, this.isMeasured)
  }

  /** A method by its path, which begins with a slash. */
  methodOf(path: string, address?: Address): Method {
    const known = this.methods.get(path)
    if (known && known.address === address) return known
    const method = this.describe(path.startsWith('/') ? path.slice(1) : path, address)
    if (known || this.methods.size < MOST_METHODS) this.methods.set(path, method)
    return method
  }

  private describe(name: string, address: Address | undefined): Method {
    const { histogram, settings, keys } = this
    const known: Attributes = attributesOf(name, address)
    known[ATTR_RPC_STATUS_CODE] = GRPC_STATUS_CODES[0] ?? ''
    return {
      name,
      address,
      // Hooks may change any attribute.
      duration: { histogram, keys, known: settings.hasHooks ? undefined : known },
    }
  }
}

/** The attributes that every call of a method has. */
export function attributesOf(method: string, address: Address | undefined): Attributes {
  const attributes: Attributes = {
    [ATTR_RPC_SYSTEM_NAME]: RPC_SYSTEM_GRPC,
    [ATTR_RPC_METHOD]: method,
  }
  if (address) writeAddress(attributes, address, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT)
  return attributes
}
