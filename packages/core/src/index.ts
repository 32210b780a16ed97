export { addEvent, recordException } from './active-span.ts'
export {
  type CaptureHeaders,
  CapturedHeaders,
  captureHeadersRule,
  type HeaderValue,
} from './captured-headers.ts'
export { callHook, isThenable, reportFailure } from './guard.ts'
export { ClientConnection } from './client-connection.ts'
export { type HttpClientMetricsOptions } from './http-client-metrics.ts'
export { copyOver } from './copy.ts'
export { type Decision, decide, isIdle, isObserved } from './decision.ts'
export { ClientRequest, type HeaderLookup } from './client-request.ts'
export { HttpClient, type OutgoingRequest } from './http-client.ts'
export {
  HTTP_CLIENT_RULES,
  type HttpClientOptions,
  type HttpClientRecord,
  type PerCall,
} from './http-client-options.ts'
export { type EntryPointCounts, entryPointCounts } from './entry-points.ts'
export { exchangeOf } from './exchanges.ts'
export type {
  Exchange,
  HttpFramework,
  Origin,
  RequestHead,
  ServerAnswer,
  ServerRequest,
  StreamPrototypes,
} from './http-framework.ts'
export { knownMethods, writeMethod } from './http-method.ts'
export { HttpServer } from './http-server.ts'
export type { HttpServerMetricsOptions } from './http-server-metrics.ts'
export type { ParentPolicy } from './incoming-context.ts'
export type { HttpServerOptions, HttpServerRecord } from './http-server-options.ts'
export {
  LateCounter,
  LateHistogram,
  LateObservable,
  LateObservableGauge,
  LateUpDownCounter,
  type Observe,
  pickAttributes,
} from './instruments.ts'
export { type Layer, type LayerKind, type LayerOptions, Layers, RequestLayers } from './layers.ts'
export { type DurationMetric, Operation, type OperationStart } from './operation.ts'
export {
  aBoolean,
  aFunction,
  aListOfStrings,
  anObjectWith,
  anyOf,
  aPositiveNumber,
  aRecordOf,
  aString,
  checkOptions,
  oneOf,
  type OptionRule,
  type OptionRules,
  show,
} from './options.ts'
export { type PropagateTo } from './outbound-policy.ts'
export { type Ending, errorTypeOf, exceptionOf, failure, type Outcome, SUCCESS } from './outcome.ts'
export { linkTo } from './link.ts'
export type { Peer } from './peer.ts'
export {
  extractContext,
  injectContext,
  isInTrace,
  isTracingSuppressed,
  propagatedFields,
  suppressTracing,
} from './propagation.ts'
export { runToEnd, type Settlement } from './run-to-end.ts'
export { headerOf, type RequestHeaders } from './request-headers.ts'
export { type RequestInFlight, requestsInFlight } from './requests-in-flight.ts'
export * from './semconv/attributes.ts'
export * from './semconv/db.ts'
export * from './semconv/http.ts'
export * from './semconv/messaging.ts'
export * from './semconv/resource.ts'
export {
  type EntryPoint,
  type MetricsOptions,
  type Scope,
  type Semconv,
  Settings,
  type TracingOptions,
} from './settings.ts'
export type { SemconvArea } from './semconv/legacy.ts'
export {
  type HostAndPort,
  redactQuery,
  redactUrl,
  sensitiveQueryKeys,
  splitHost,
  splitTarget,
  type Target,
} from './url.ts'
export { withSpan, type WithSpanOptions } from './with-span.ts'
export { isWrapped, keepFace, originalOf, wrapMethod } from './wrap.ts'
