import { testHttp2 } from '@spanwright/http-servers'

import { CONNECT, FASTIFY, HONO, NODE_HTTP } from './servers.ts'

testHttp2([NODE_HTTP, CONNECT, FASTIFY, HONO])
