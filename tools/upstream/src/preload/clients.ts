import { traceHttp } from '@spanwright/http'
import { traceUndici } from '@spanwright/undici'

import { record } from './record.ts'

// Traces every request that the process sends.
record()
traceHttp()
traceUndici()
