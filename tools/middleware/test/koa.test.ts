import { ANSWERS } from './koa/answers.ts'
import { BODIES } from './koa/bodies.ts'
import { FILES } from './koa/files.ts'
import { KOA } from './koa/framework.ts'
import { SESSIONS } from './koa/sessions.ts'
import { STREAMS } from './koa/streams.ts'
import { compareMiddleware } from './suite.ts'

compareMiddleware('Koa', KOA, [...ANSWERS, ...BODIES, ...SESSIONS, ...FILES, ...STREAMS])
