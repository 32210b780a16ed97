import type { Metadata } from '@grpc/grpc-js'
import type { Context, TextMapGetter, TextMapSetter } from '@opentelemetry/api'
import { injectContext, propagatedFields, type Settings, traceOf } from '@spanwright/core/plugin'

import type { GrpcOperation } from './options.ts'
import { decodeTraceBin, encodeTraceBin, TRACE_BIN } from './trace-bin.ts'

/** Reads a context from metadata. */
export const METADATA_GETTER: TextMapGetter<Metadata> = {
  keys: keysIn,
  get: textsIn,
}

/** Reads a context from metadata that may contain it in the binary form as well. */
export const METADATA_OR_BINARY_GETTER: TextMapGetter<Metadata> = {
  keys: keysIn,
  get: (metadata, name) =>
    textsIn(metadata, name) ??
    (name === 'traceparent' ? decodeTraceBin(metadata.get(TRACE_BIN)[0]) : undefined),
}

function keysIn(metadata: Metadata): string[] {
  return Object.keys(metadata.getMap())
}

function textsIn(metadata: Metadata, name: string): string | string[] | undefined {
  const texts = metadata.get(name).filter(value => typeof value === 'string')
  return texts.length > 1 ? texts : texts[0]
}

/** The recorded values of a key, with bytes as base64. Undefined when there are none. */
export function recordedValues(metadata: Metadata, name: string): readonly string[] | undefined {
  const values = metadata.get(name)
  if (values.length === 0) return undefined
  return values.map(value => (typeof value === 'string' ? value : value.toString('base64')))
}

/** How a context is written. */
export interface Injection {
  readonly settings: Settings<GrpcOperation>
  /** True: a context already in the metadata is replaced. */
  readonly replaces: boolean
  /** True: in the binary form as well. */
  readonly grpcTraceBin: boolean
}

/** @returns a copy of the metadata with the context; the metadata itself when it already has one, which is kept */
export function withContext(injection: Injection, context: Context, metadata: Metadata): Metadata {
  const { settings, replaces, grpcTraceBin } = injection
  const declared = propagatedFields(settings)
  const fields = grpcTraceBin ? [...declared, TRACE_BIN] : declared
  const existing = fields.filter(field => metadata.get(field).length > 0)
  if (!replaces && existing.some(field => field !== 'baggage')) return metadata
  const copy = copyOf(metadata)
  if (replaces) for (const field of existing) copy.remove(field)
  injectContext(settings, context, copy, METADATA_SETTER)
  const spanContext = grpcTraceBin ? traceOf(context) : undefined
  if (spanContext) copy.set(TRACE_BIN, encodeTraceBin(spanContext))
  return copy
}

/** `clone()` doesn't copy the values that interceptors may have attached for each other. */
function copyOf(metadata: Metadata): Metadata {
  const copy = metadata.clone()
  const { opaqueData } = metadata as unknown as { readonly opaqueData?: unknown }
  if (opaqueData instanceof Map) {
    for (const [key, value] of opaqueData) (copy as WithOpaque).setOpaque?.(key as string, value)
  }
  return copy
}

type WithOpaque = Metadata & { setOpaque?(key: string, value: unknown): void }

/** Keys and text values that grpc-js accepts. */
const KEY = /^[\da-z_.-]+$/
const VALUE = /^[ -~]*$/
/** `grpc-timeout` and the like control the call, and keys that end in `-bin` hold bytes. */
const RESERVED = /^grpc-|-bin$|^user-agent$/

/** Writes the fields of a propagator; a key of the caller is kept. */
const METADATA_SETTER: TextMapSetter<Metadata> = {
  set(metadata, name, value) {
    const key = name.toLowerCase()
    if (RESERVED.test(key)) throw new TypeError('a field of a propagator has a name that is reserved in gRPC')
    if (!KEY.test(key) || !VALUE.test(value)) {
      throw new TypeError('a field of a propagator cannot be sent as metadata')
    }
    if (metadata.get(key).length === 0) metadata.set(key, value)
  },
}
