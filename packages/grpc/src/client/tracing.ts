import type { ChannelInterface } from '@grpc/grpc-js'
import { aBoolean, attempt, oneOf } from '@spanwright/core/plugin'
import { METRIC_RPC_CLIENT_CALL_DURATION, RPC_CLIENT_METRIC_ATTRIBUTES } from '@spanwright/core/semconv'

import { addressOfPeer, addressOfTarget, AddressReader } from '../address.ts'
import type { Injection } from '../metadata.ts'
import { GRPC_RULES, type GrpcClientTracingOptions } from '../options.ts'
import { GrpcTracing, type Side } from '../tracing.ts'

const CLIENT: Side = {
  area: 'rpc.client',
  caller: 'traceGrpcClient()',
  rules: { ...GRPC_RULES, inject: aBoolean, existingContext: oneOf('keep', 'replace') },
  metric: METRIC_RPC_CLIENT_CALL_DURATION,
  keys: RPC_CLIENT_METRIC_ATTRIBUTES,
}

/** The state shared by all calls of one `traceGrpcClient()`. */
export class ClientTracing extends GrpcTracing<GrpcClientTracingOptions> implements Injection {
  /** The channel of the call that is about to reach the interceptor, which doesn't receive it. */
  channel: ChannelInterface | undefined
  readonly injects: boolean
  readonly replaces: boolean
  readonly grpcTraceBin: boolean
  readonly targets: AddressReader = new AddressReader(addressOfTarget)
  readonly peers: AddressReader = new AddressReader(addressOfPeer)

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(given: GrpcClientTracingOptions | undefined) {
    super(CLIENT, given)
    const { inject, existingContext, grpcTraceBin } = this.settings.options
    this.injects = inject ?? true
    this.replaces = existingContext === 'replace'
    this.grpcTraceBin = grpcTraceBin ?? false
  }

  /** The target of that channel. */
  takeTarget(): string | undefined {
    const { channel } = this
    this.channel = undefined
    return channel && attempt('reading the target of a client', targetOf, channel)
  }
}

function targetOf(channel: ChannelInterface): string {
  return channel.getTarget()
}
