import * as Sentry from '@sentry/node'

Sentry.init({ dsn: process.env['SENTRY_DSN'], tracesSampleRate: 1 })

export const inRequest = (): unknown => Sentry.captureException(new TypeError('no price'))
