import { getNodeAutoInstrumentations } from '@opentelemetry/auto-instrumentations-node'
import { registerInstrumentations } from '@opentelemetry/instrumentation'

const off = { enabled: false }

registerInstrumentations({
  instrumentations: [
    getNodeAutoInstrumentations({
      '@opentelemetry/instrumentation-http': off,
      '@opentelemetry/instrumentation-express': off,
      '@opentelemetry/instrumentation-router': off,
      '@opentelemetry/instrumentation-koa': off,
      '@opentelemetry/instrumentation-undici': off,
      '@opentelemetry/instrumentation-pg': off,
      '@opentelemetry/instrumentation-kafkajs': off,
      '@opentelemetry/instrumentation-grpc': off,
    }),
  ],
})
