export { CapturedHeaders } from './http/attributes.ts'
export { attempt, callHook, guarded, guardMethods, isThenable, reportFailure } from './host/guard.ts'
export { sizeOf } from './http/metrics.ts'
export { ClientConnection } from './http/client/connection.ts'
export { copyWith } from './host/copy.ts'
export { isHeard, say } from './host/diagnostics.ts'
export { decide, isIdle, isObserved } from './operation/decision.ts'
export { ClientRequest } from './http/client/request.ts'
export { IncomingContext } from './operation/incoming-context.ts'
export { inNewRequest } from './http/server/current-request.ts'
export { HttpClient } from './http/client/client.ts'
export { type HttpClientOptions, type PerCall } from './http/client/options.ts'
export { exchangeOf } from './http/server/open-requests.ts'
export type {
  Exchange,
  HttpFramework,
  RequestHead,
  ServerAnswer,
  ServerRequest,
} from './http/server/framework.ts'
export { HttpServer } from './http/server/server.ts'
export type { HttpServerOptions } from './http/server/options.ts'
export {
  LateCounter,
  LateHistogram,
  LateObservable,
  LateObservableGauge,
  pickAttributes,
} from './operation/instruments.ts'
export { beforeEnd } from './host/process-end.ts'
export { isCalledAsMiddleware, letThrough } from './host/misplaced.ts'
export { type LayerKind, RequestLayers } from './http/server/layers.ts'
export { contextWithSpan, contextWithValue } from './operation/lean-context.ts'
export { type DurationMetric, Operation } from './operation/operation.ts'
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
export { type Ending, failure, SUCCESS } from './operation/outcome.ts'
export { errorTypeOf, isError } from './operation/errors/kind.ts'
export { recogniseErrors, withholdMessage } from './operation/errors/library.ts'
export {
  extractContext,
  injectContext,
  isInTrace,
  isTracingSuppressed,
  propagatedFields,
  suppressTracing,
} from './operation/propagation.ts'
export { runToEnd } from './operation/run-to-end.ts'
export { isDebugging, showEntryPoints, takeDebugging } from './doctor/debug.ts'
export { headerOf } from './http/request-headers.ts'
export { type EntryPoint, type MetricsOptions, Settings, type TracingOptions } from './operation/settings.ts'
export { redactUrl, splitHost, splitTarget } from './http/url.ts'
export { isRecording, isSentByActiveSpan, spanContextOf, traceOf, writeTo } from './host/span.ts'
export { isWrapped, keepFace, originalOf, wrapMethod } from './host/wrap.ts'
