// Nest applications in a separate process: Nest 12 consists of ES modules, which Jest cannot load.
import 'reflect-metadata'

import type { INestApplication } from '@nestjs/common'
import type { ClientKafka } from '@nestjs/microservices'
import { tracing } from '@spanwright/express'
import { traceNest } from '@spanwright/express/nest'
import { startTracing } from '@spanwright/sdk'

import { load } from '../install.ts'
import { applicationOf, KAFKA, type Nest } from './application.ts'

/** The settings that the program receives. */
export interface Setting {
  /** Workspace of the install that has the version, such as `nest12`. */
  readonly version: string
  readonly brokers: string[]
  readonly topic: string
  /** Endpoint for the spans. */
  readonly endpoint: string
}

/** Addresses of the two applications. */
export interface Started {
  readonly plain: string
  /** Reports layers as spans. */
  readonly layered: string
}

async function start({ version, brokers, topic, endpoint }: Setting): Promise<Started> {
  startTracing({
    serviceName: version,
    exporter: { protocol: 'http/json', url: `${endpoint}/v1/traces` },
    batch: { delay: 20 },
  })
  const nest = load<Nest>('./nest.ts', version)
  const { TracedClientKafka, TracedServerKafka } = nest
  const { NestFactory } = nest.core
  const { Module, VersioningType } = nest.common

  const client = { clientId: version, brokers }
  const consumer = { groupId: topic, retry: { initialRetryTime: 10 } }
  const { controllers, providers } = applicationOf(nest, topic)
  class AppModule {}
  Module({
    controllers,
    providers: [
      ...providers,
      { provide: KAFKA, useFactory: () => new TracedClientKafka({ client, consumer }) },
    ],
  })(AppModule)

  async function createPlain(): Promise<INestApplication> {
    const app = await NestFactory.create(AppModule, { instrument: traceNest() })
    app.use(tracing())
    app.useGlobalInterceptors(traceNest())
    const strategy = new TracedServerKafka({ client, consumer, subscribe: { fromBeginning: true } })
    app.connectMicroservice({ strategy }, { inheritAppConfig: true })
    const replies = app.get<ClientKafka>(KAFKA)
    replies.subscribeToResponseOf(`${topic}.quote`)
    await app.startAllMicroservices()
    await replies.connect()
    return app as INestApplication
  }

  async function createLayered(): Promise<INestApplication> {
    const app = await NestFactory.create(AppModule, { instrument: traceNest() })
    app.use(tracing({ layers: 'spans', ignoreLayers: ['jsonParser', 'urlencodedParser'] }))
    app.useGlobalInterceptors(traceNest())
    return app as INestApplication
  }

  const urls: string[] = []
  for (const app of [await createPlain(), await createLayered()]) {
    app.setGlobalPrefix('api')
    app.enableVersioning({ type: VersioningType.URI })
    app.useLogger(false)
    await app.listen(0, '127.0.0.1')
    urls.push(await app.getUrl())
  }
  const [plain = '', layered = ''] = urls
  return { plain, layered }
}

process.once('message', (setting: Setting) => void start(setting).then(started => process.send?.(started)))
