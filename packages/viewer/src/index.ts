export type {
  OtlpAttribute,
  OtlpDocument,
  OtlpEvent,
  OtlpLink,
  OtlpResource,
  OtlpScope,
  OtlpSpan,
  OtlpValue,
  ResourceSpans,
  ScopeSpans,
} from './decode/otlp.ts'
export { createShareFile } from './share/create-share-file.ts'
export { startViewer, type Viewer, type ViewerOptions } from './start-viewer.ts'
