export {
  type CaptureHeaders,
  CapturedHeaders,
  captureHeadersRule,
  type HeaderValue,
} from './http/captured-headers.ts'
export { attempt, callHook, guarded, guardMethods, isThenable, reportFailure } from './host/guard.ts'
export { ClientConnection } from './http/client/connection.ts'
export { type HttpClientMetricsOptions } from './http/client/metrics.ts'
export { copyOver, copyWith } from './host/copy.ts'
export { isHeard, say } from './host/diagnostics.ts'
export { type Decision, decide, isIdle, isObserved } from './operation/decision.ts'
export { ClientRequest, type HeaderLookup } from './http/client/request.ts'
export { HttpClient, type OutgoingRequest } from './http/client/client.ts'
export {
  HTTP_CLIENT_RULES,
  type HttpClientOptions,
  type HttpClientRecord,
  type PerCall,
} from './http/client/options.ts'
export { exchangeOf } from './http/server/open-exchanges.ts'
export type {
  Exchange,
  HttpFramework,
  Origin,
  RequestHead,
  ServerAnswer,
  ServerRequest,
  StreamPrototypes,
} from './http/server/framework.ts'
export { knownMethods, writeMethod } from './http/method.ts'
export { HttpServer } from './http/server/server.ts'
export type { HttpServerMetricsOptions } from './http/server/metrics.ts'
export type { ParentPolicy } from './http/server/incoming-context.ts'
export type { HttpServerOptions, HttpServerRecord } from './http/server/options.ts'
export {
  LateCounter,
  LateHistogram,
  LateObservable,
  LateObservableGauge,
  LateUpDownCounter,
  type Observe,
  pickAttributes,
} from './operation/instruments.ts'
export { beforeEnd } from './host/process-end.ts'
export { isCalledAsMiddleware, letThrough } from './host/misplaced.ts'
export { type Layer, type LayerKind, type LayerOptions, Layers, RequestLayers } from './http/server/layers.ts'
export { type DurationMetric, Operation, type OperationStart } from './operation/operation.ts'
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
} from './host/options.ts'
export { type PropagateTo } from './http/client/policy.ts'
export { type Ending, failure, type Outcome, SUCCESS } from './operation/outcome.ts'
export { exceptionOf, type ShownException } from './operation/errors/exception.ts'
export { errorTypeOf, isError } from './operation/errors/kind.ts'
export { type ErrorReader, recogniseErrors, withholdMessage } from './operation/errors/library.ts'
export type { Peer } from './http/peer.ts'
export {
  extractContext,
  injectContext,
  isInTrace,
  isTracingSuppressed,
  propagatedFields,
  suppressTracing,
} from './operation/propagation.ts'
export { runToEnd, type Settlement } from './operation/run-to-end.ts'
export { isDebugging, showEntryPoints, takeDebugging } from './doctor/debug.ts'
export { type EntryPointUse, entryPointUses } from './doctor/entry-points.ts'
export { refusedFields } from './doctor/refused-fields.ts'
export { type Diagnosis, diagnose, type Stage } from './doctor/diagnosis.ts'
export { headerOf, type RequestHeaders } from './http/request-headers.ts'
export {
  type EntryPoint,
  type MetricsOptions,
  type Scope,
  type Semconv,
  Settings,
  type TracingOptions,
} from './operation/settings.ts'
export type { SemconvArea } from './semconv/legacy.ts'
export {
  type HostAndPort,
  redactQuery,
  redactUrl,
  sensitiveQueryKeys,
  splitHost,
  splitTarget,
  type Target,
} from './http/url.ts'
export { isRecording, spanContextOf, traceOf, writeTo } from './host/span.ts'
export { isWrapped, keepFace, originalOf, wrapMethod } from './host/wrap.ts'
