import type { TraceState } from '@opentelemetry/api'

import { withoutBlanks } from './carrier.ts'

/** The most members a `tracestate` may have (W3C Trace Context level 2). */
const MAX_MEMBERS = 32
/** The most characters of a list that is read; 512 are the least that has to be passed on. */
const MOST_CHARACTERS = 8192
const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/
/** Printable ASCII without `,` and `=`; blanks inside and in front belong to the value, one behind does not. */
const VALUE = /^[\x20-\x2B\x2D-\x3C\x3E-\x7E]{0,255}[\x21-\x2B\x2D-\x3C\x3E-\x7E]$/

type Member = readonly [key: string, value: string]

/** The list of a `tracestate` header: never changed, every update is a new one. */
export class MemberList implements TraceState {
  private readonly members: readonly Member[]

  constructor(members: readonly Member[] = []) {
    this.members = members
  }

  get(key: string): string | undefined {
    return this.members.find(([name]) => name === key)?.[1]
  }

  /** Puts a member to the far left, where the newest stands; the right-most gives way when there are too many. */
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
 * Reads a `tracestate` header. One wrong member, or one too many, makes the whole list worthless: what a
 * vendor wrote is either passed on as it was or not at all.
 * @returns undefined when there is nothing to pass on
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
