import type { KafkaOptions, KafkaService } from '../start.ts'
import { Broker } from './broker.ts'

/** Starts the broker inside this process. */
export async function startInProcess(options: KafkaOptions): Promise<KafkaService> {
  const { port = 0, partitions = 1, autoCreateTopics = true, onProgress = () => {} } = options
  const broker = new Broker({ partitions, autoCreateTopics, onProgress })
  try {
    await broker.listen(port)
  } catch (error) {
    if (!isInUse(error)) throw error
    throw new Error(`Kafka: port ${port} on ${broker.host} is in use`, { cause: error })
  }
  onProgress(`Kafka: in-process broker ready on ${broker.host}:${broker.port}`)
  const stop = (): Promise<void> => broker.close()
  return {
    kind: 'in-process',
    brokers: [`${broker.host}:${broker.port}`],
    stop,
    crash: stop,
    restart: async () => {
      await broker.close()
      await broker.listen(broker.port)
    },
    [Symbol.asyncDispose]: stop,
  }
}

function isInUse(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE'
}
