import { testEverything, TRANSPORTS } from '@spanwright/http-servers'

import { NODE_HTTP } from './servers.ts'

testEverything(
  NODE_HTTP,
  TRANSPORTS.filter(({ version }) => version === '2'),
)
