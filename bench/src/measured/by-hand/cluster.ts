import type { Kafka } from 'kafkajs'

/** The id of a cluster, which by hand has to be asked for. */
export async function clusterIdOf(kafka: Kafka): Promise<string> {
  const admin = kafka.admin()
  await admin.connect()
  const { clusterId } = await admin.describeCluster()
  await admin.disconnect()
  return clusterId
}
