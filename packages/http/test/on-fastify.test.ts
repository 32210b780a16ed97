import { testEverything, TRANSPORTS } from '@spanwright/http-servers'

import { FASTIFY } from './servers.ts'

testEverything(FASTIFY, TRANSPORTS.slice(0, 1))
