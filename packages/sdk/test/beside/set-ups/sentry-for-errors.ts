import * as Sentry from '@sentry/node'

Sentry.init({
  dsn: process.env['SENTRY_DSN'],
  integrations: [Sentry.openTelemetryIntegration()],
})

export const inRequest = (): unknown => Sentry.captureException(new TypeError('no price'))
