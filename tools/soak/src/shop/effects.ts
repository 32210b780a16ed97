import { Kafka, logLevel } from 'kafkajs'
import { Client } from 'pg'

const QUIET = { logLevel: logLevel.NOTHING }
const TOPIC = 'orders.placed'
const GROUP = 'fulfilment'

/** What a request left behind. */
export interface Effect {
  readonly rows: readonly { readonly id: string; readonly sku: string; readonly status: string }[]
  /** Messages about these rows. */
  readonly messages: number
}

/** Everything the requests to a shop left behind, by the quantity of their order. */
export async function readEffects(database: string, brokers: string[]): Promise<Map<number, Effect>> {
  const messages = await countMessages(brokers)
  const effects = new Map<number, Effect>()
  for (const { id, sku, status, quantity } of await readOrders(database)) {
    const before = effects.get(quantity) ?? { rows: [], messages: 0 }
    effects.set(quantity, {
      rows: [...before.rows, { id, sku, status }],
      messages: before.messages + (messages.get(id) ?? 0),
    })
  }
  return effects
}

interface OrderRow {
  readonly id: string
  readonly sku: string
  readonly status: string
  readonly quantity: number
}

async function readOrders(connectionString: string): Promise<readonly OrderRow[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    const { rows } = await client.query<OrderRow>('SELECT id, sku, status, quantity FROM orders WHERE id > 2')
    return rows
  } finally {
    await client.end()
  }
}

/** How many messages there are about the order of each id. */
async function countMessages(brokers: string[]): Promise<Map<string, number>> {
  const kafka = new Kafka({ clientId: 'soak', brokers, ...QUIET })
  const end = await endOf(kafka)
  const counts = new Map<string, number>()
  if (end === 0) return counts
  const consumer = kafka.consumer({ groupId: 'soak' })
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          const id = String(message.key)
          counts.set(id, (counts.get(id) ?? 0) + 1)
          if (Number(message.offset) === end - 1) resolve()
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return counts
}

async function endOf(kafka: Kafka): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const [partition] = await admin.fetchTopicOffsets(TOPIC)
    return Number(partition?.high ?? 0)
  } finally {
    await admin.disconnect()
  }
}

/** How many messages the shop has not consumed yet. */
export async function lagOf(brokers: string[]): Promise<number> {
  const admin = new Kafka({ clientId: 'soak', brokers, ...QUIET }).admin()
  await admin.connect()
  try {
    const [end] = await admin.fetchTopicOffsets(TOPIC)
    const [group] = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] })
    return Number(end?.high ?? 0) - Math.max(0, Number(group?.partitions[0]?.offset ?? 0))
  } finally {
    await admin.disconnect()
  }
}
