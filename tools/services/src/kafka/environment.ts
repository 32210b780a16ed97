import { createConnection } from 'node:net'
import type { KafkaOptions, KafkaService } from './start.ts'

/** External brokers, checked once and never stopped. */
export async function useEnvironment(list: string, options: KafkaOptions): Promise<KafkaService> {
  const brokers = list.split(',').map(broker => broker.trim())
  await Promise.all(brokers.map(checkReachable))
  options.onProgress?.(`Kafka: using the brokers of KAFKA_BROKERS (${brokers.join(', ')})`)
  return {
    kind: 'environment',
    brokers,
    stop: () => Promise.resolve(),
    crash: notOurs,
    restart: notOurs,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function checkReachable(broker: string): Promise<void> {
  const [, host, port] = /^(?:\[?)([^\]]+?)\]?:(\d+)$/.exec(broker) ?? []
  if (host === undefined) throw new Error(`KAFKA_BROKERS: expected host:port, got "${broker}"`)
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => {
      socket.destroy()
      reject(new Error(`KAFKA_BROKERS: cannot connect to ${broker}: ${why}`))
    }
    const socket = createConnection({ host, port: Number(port), timeout: 5000 })
    socket.once('timeout', () => fail('no answer after 5000 ms'))
    socket.once('error', error => fail(error.message))
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
  })
}

function notOurs(): Promise<never> {
  return Promise.reject(
    new Error('The brokers of KAFKA_BROKERS are not ours to stop: unset it to get one that is'),
  )
}
