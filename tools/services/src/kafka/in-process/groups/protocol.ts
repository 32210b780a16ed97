/** A way of assigning partitions that a member knows, with what it wants the leader to know for it. */
export interface Protocol {
  name: string
  metadata: Buffer
}

/** Whether two members say the same about themselves. */
export function isSame(one: readonly Protocol[], other: readonly Protocol[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ name, metadata }, at) => name === other[at]?.name && metadata.equals(other[at].metadata))
  )
}

/** Whether all members know one of the protocols. */
export function isShared(protocols: readonly Protocol[], members: readonly (readonly Protocol[])[]): boolean {
  return protocols.some(protocol => members.every(known => knows(known, protocol.name)))
}

/** Of the protocols that all members know the one most of them like best. */
export function elect(members: readonly (readonly Protocol[])[]): string {
  const votes = new Map<string, number>()
  for (const protocols of members) {
    const choice = protocols.find(one => members.every(known => knows(known, one.name)))
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  return [...votes].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? ''
}

function knows(protocols: readonly Protocol[], name: string): boolean {
  return protocols.some(protocol => protocol.name === name)
}
