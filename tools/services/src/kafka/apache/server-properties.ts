/** The properties that differ between brokers. */
export interface ApacheSettings {
  port: number
  controllerPort: number
  dataFolder: string
  partitions: number
  autoCreateTopics: boolean
}

/** The configuration of a single node that is broker and controller, and starts, rebalances and times out quickly. */
export function serverProperties(settings: ApacheSettings): string {
  const { port, controllerPort, dataFolder, partitions, autoCreateTopics } = settings
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': dataFolder,
    'num.partitions': partitions,
    'auto.create.topics.enable': autoCreateTopics,
    // After a crash the controller accepts the broker again only when its previous session has expired.
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 300,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 100,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'background.threads': 2,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
