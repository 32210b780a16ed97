import { serveOverTls, testBrokenOff, testConnections, testHeaders } from '@spanwright/http-servers'

import { SERVERS } from './servers.ts'

serveOverTls('https')
const plain = SERVERS.filter(({ name }) => name === 'node:http')
testConnections(plain)
testHeaders(plain)
testBrokenOff(plain)
