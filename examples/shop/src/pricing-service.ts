import { makeClientConstructor, type MethodDefinition } from '@grpc/grpc-js'

/** What a quote is asked for. */
export interface QuoteRequest {
  readonly sku: string
  readonly quantity: number
}

export interface Quote {
  readonly cents: number
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function decode(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString())
}

const quote: MethodDefinition<QuoteRequest, Quote> = {
  path: '/shop.Pricing/Quote',
  requestStream: false,
  responseStream: false,
  requestSerialize: encode,
  requestDeserialize: bytes => decode(bytes) as QuoteRequest,
  responseSerialize: encode,
  responseDeserialize: bytes => decode(bytes) as Quote,
}

/** The service as a generator would define it, with JSON in place of Protocol Buffers. */
export const PRICING = { quote }

export const PricingClient: ReturnType<typeof makeClientConstructor> = makeClientConstructor(
  PRICING,
  'shop.Pricing',
)
