import { startTracing } from '@spanwright/sdk'

export const tracing = startTracing({ serviceName: 'shop' })
