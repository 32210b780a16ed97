import type { NestApplicationOptions, NestInterceptor } from '@nestjs/common'
import { traceNest } from '@spanwright/express/nest'

// Checks the recipe against the types of this version.
export const interceptor: NestInterceptor = traceNest()
export const options: NestApplicationOptions = { instrument: traceNest() }
