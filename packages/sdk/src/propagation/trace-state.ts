import type { TraceState } from '@opentelemetry/api'

import { withoutBlanks } from './carrier.ts'

/** Maximum number of members of a `tracestate` (W3C Trace Context level 2). */
const MAX_MEMBERS = 32
/** Maximum number of characters read; at least 512 must be propagated. */
const MOST_CHARACTERS = 8192
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/
/** Printable ASCII without `,` and `=`; spaces inside and before belong to the value, a trailing one does not. */
const VALUE = /^[\x20-\x2B\x2D-\x3C\x3E-\x7E]{0,255}[\x21-\x2B\x2D-\x3C\x3E-\x7E]$/

type Member = readonly [key: string, value: string]

/** The list of a `tracestate` header: immutable, every update creates a new list. */
export class MemberList implements TraceState {
  private readonly members: readonly Member[]

  constructor(members: readonly Member[] = []) {
    this.members = members
  }

  get(key: string): string | undefined {
    return this.members.find(([name]) => name === key)?.[1]
  }

  /** Adds a member at the far left, where the newest one belongs; the right-most is removed when there are too many. */
  set(key: string, value: string): TraceState {
    if (!KEY.test(key) || !VALUE.test(value)) return this
    return new MemberList([[key, value] as const, ...this.without(key)].slice(0, MAX_MEMBERS))
  }

  unset(key: string): TraceState {
    return new MemberList(this.without(key))
  }

  serialize(): string {
    return this.members.map(([key, value]) => `${key}=${value}`).join(',')
  }

  private without(key: string): Member[] {
    return this.members.filter(([name]) => name !== key)
  }
}

/**
 * Reads a `tracestate` header. One invalid member, or one too many, invalidates the whole list: vendor data is
 * propagated unchanged or not at all.
 * @returns undefined when there is nothing to propagate
 */
export function readTraceState(header: string): MemberList | undefined {
  if (header.length > MOST_CHARACTERS) return undefined
  const members = new Map<string, string>()
  let count = 0
  for (const part of header.split(',')) {
    const text = withoutBlanks(part)
    if (text === '') continue
    const [key, value] = splitMember(text)
    if (!KEY.test(key) || !VALUE.test(value) || ++count > MAX_MEMBERS) return undefined
    if (!members.has(key)) members.set(key, value)
  }
  return members.size > 0 ? new MemberList([...members]) : undefined
}

function splitMember(text: string): Member {
  const sign = text.indexOf('=')
  return sign < 0 ? [text, ''] : [text.slice(0, sign), text.slice(sign + 1)]
}
