import type { Metadata } from '@grpc/grpc-js'
import { aFunction, anyOf, IncomingContext, oneOf } from '@spanwright/core/plugin'
import { METRIC_RPC_SERVER_CALL_DURATION, RPC_SERVER_METRIC_ATTRIBUTES } from '@spanwright/core/semconv'

import { addressOfAuthority, AddressReader } from '../address.ts'
import { METADATA_GETTER, METADATA_OR_BINARY_GETTER } from '../metadata.ts'
import { GRPC_RULES, type GrpcOperation, type GrpcServerTracingOptions } from '../options.ts'
import { GrpcTracing, type Side } from '../tracing.ts'

const SERVER: Side = {
  area: 'rpc.server',
  caller: 'traceGrpcServer()',
  rules: { ...GRPC_RULES, parent: anyOf(oneOf('trust', 'link', 'ignore'), aFunction) },
  metric: METRIC_RPC_SERVER_CALL_DURATION,
  keys: RPC_SERVER_METRIC_ATTRIBUTES,
}

/** The state shared by all calls of one `traceGrpcServer()`. */
export class ServerTracing extends GrpcTracing<GrpcServerTracingOptions> {
  /** True when a hook, or the `parent` function, receives the call. */
  readonly needsRecord: boolean
  readonly incoming: IncomingContext<GrpcOperation, GrpcOperation, Metadata>
  readonly hosts: AddressReader = new AddressReader(addressOfAuthority)

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(given: GrpcServerTracingOptions | undefined) {
    super(SERVER, given)
    const { parent, grpcTraceBin } = this.settings.options
    this.needsRecord = this.settings.hasHooks || typeof parent === 'function'
    this.incoming = new IncomingContext(
      this.settings,
      grpcTraceBin ? METADATA_OR_BINARY_GETTER : METADATA_GETTER,
      parent,
    )
  }
}
