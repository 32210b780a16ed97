import { serveGrpc } from '../grpc.ts'
import { isByHand } from '../by-hand/is-by-hand.ts'
import { serverByHand } from '../by-hand/grpc.ts'
import type { OpenScenario } from '../scenario.ts'

/** A server of grpc-js with one unary method, which answers a small JSON. */
export const open: OpenScenario = async ({ variant }) => {
  if (variant === 'spanwright') return serveGrpc((await import('@spanwright/grpc')).traceGrpcServer())
  return serveGrpc(isByHand(variant) ? { interceptors: [serverByHand()] } : {})
}
