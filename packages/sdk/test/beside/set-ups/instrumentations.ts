import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node'
import { registerInstrumentations } from '@opentelemetry/instrumentation'

registerInstrumentations({ instrumentations: [getNodeAutoInstrumentations()] })
