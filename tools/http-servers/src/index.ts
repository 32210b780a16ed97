export type { PlainHandler, TracedFramework } from './framework.ts'
export { testBesideInstrumentation } from './instrumentation.ts'
export { readAll, serve, type TestServer } from './server.ts'
export { testStages } from './stages.ts'
