import { testHeaders } from '@spanwright/http-servers'

import { FRAMEWORKS } from './frameworks.ts'

testHeaders(FRAMEWORKS)
