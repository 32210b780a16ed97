import { compareMiddleware } from './suite.ts'
import { ANSWERS } from './express/answers.ts'
import { ASYNC_ERRORS } from './express/async-errors.ts'
import { BODIES } from './express/bodies.ts'
import { EXPRESS } from './express/framework.ts'
import { FILES } from './express/files.ts'
import { SESSIONS } from './express/sessions.ts'
import { STREAMS } from './express/streams.ts'

compareMiddleware('Express', EXPRESS, [
  ...ANSWERS,
  ...ASYNC_ERRORS,
  ...BODIES,
  ...SESSIONS,
  ...FILES,
  ...STREAMS,
])
