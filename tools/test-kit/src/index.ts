export { collectDiag, type CollectedDiag } from './diag.ts'
export { FROM_SOURCE, TYPESCRIPT } from './from-source.ts'
export { areCollected, collectGarbage } from './garbage.ts'
export {
  A_AND_B,
  listen,
  nextBytes,
  PLAIN,
  readAll,
  requestOf,
  serve,
  servedOver,
  serveOver,
  type TestServer,
  type Transport,
} from './server.ts'
