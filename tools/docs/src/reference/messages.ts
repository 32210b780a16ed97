import { firstCells } from './table.ts'
import type { Message } from './scan-messages.ts'
import { oneLineTexts, type SourceText } from './sources.ts'

/** Messages that don't reach a user of the packages as ours, and why. */
const NOT_SHOWN: Readonly<Record<string, string>> = {
  'there is no method … to guard': 'a mistake in a plugin, which its tests find',
  '… is not a method of the given object': 'a mistake in a plugin, which its tests find',
  'the connection is gone': 'only its code is recorded',
  'checked out here': 'carries a stack',
  'next() called multiple times': 'what koa-compose throws in its place',
  'Client was closed and is not queryable': 'what pg says, recorded on a span',
  'The query was cancelled before it was sent': 'what pg says, recorded on a span',
  'Cannot use a pool after calling end on the pool': 'what pg says, recorded on a span',
  'a varint is cut off': 'an answer of a collector that cannot be read, which counts as accepted',
  'a field is cut off': 'an answer of a collector that cannot be read, which counts as accepted',
  'wire type … is not known': 'an answer of a collector that cannot be read, which counts as accepted',
  'not key=value': 'caught: the list of attributes is refused as a whole',
  'minDuration must be a number of milliseconds': 'answered to the page of the viewer',
}

/** Messages of the sources that the page lacks, and those of the page that no source says. */
export function wrongMessages(
  page: string,
  messages: readonly Message[],
  sources: readonly SourceText[],
): string[] {
  const known = new Set([...firstCells(page), ...Object.keys(NOT_SHOWN)])
  const said = sources.map(({ text }) => oneLineTexts(text)).join('\n')
  const isSaid = (message: string): boolean => message.split('…').every(part => said.includes(part.trim()))
  return [
    ...messages
      .filter(({ text }) => !known.has(text) && /\w/.test(text.replace('spanwright:', '')))
      .map(({ text, file }) => `messages.md lacks what ${file} says: ${text}`),
    ...[...known].filter(message => !isSaid(message)).map(message => `no source says: ${message}`),
  ]
}
