import { testHostileInput } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

// The adapter of Hono itself refuses a host that does not form a URL.
testHostileInput(SERVERS.filter(({ name }) => name !== 'Hono'))
