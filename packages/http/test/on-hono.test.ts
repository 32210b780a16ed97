import { testEverything, TRANSPORTS } from '@spanwright/http-servers'

import { HONO } from './servers.ts'

testEverything(HONO, TRANSPORTS.slice(0, 1))
