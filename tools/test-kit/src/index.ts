export { collectDiag, type CollectedDiag } from './diag.ts'
export { FROM_SOURCE, TYPESCRIPT } from './from-source.ts'
export { areCollected, collectGarbage } from './garbage.ts'
export {
  A_AND_B,
  listen,
  nextBytes,
  readAll,
  requestOf,
  serve,
  servedScheme,
  serveOver,
  type TestServer,
} from './server.ts'
