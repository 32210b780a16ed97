/** An assignment strategy that a member supports, with its metadata for the leader. */
export interface Protocol {
  name: string
  metadata: Buffer
}

/** Whether two members support the same protocols with the same metadata. */
export function isSame(one: readonly Protocol[], other: readonly Protocol[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ name, metadata }, at) => name === other[at]?.name && metadata.equals(other[at].metadata))
  )
}

/** Whether all members support one of the protocols. */
export function isShared(protocols: readonly Protocol[], members: readonly (readonly Protocol[])[]): boolean {
  return protocols.some(protocol => members.every(known => knows(known, protocol.name)))
}

/** The protocol that most members prefer, among those that all of them support. */
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
