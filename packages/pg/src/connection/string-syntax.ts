/**
 * How the sessions of a pool or client read strings. With `standard_conforming_strings = on` a backslash is an ordinary
 * character, otherwise it escapes a quote. The server reports the setting when a session begins and when it changes,
 * which may be after the next query was called, so a session that may change it makes strings with backslashes
 * ambiguous.
 *
 * Source: PostgreSQL documentation, "Asynchronous Operations" of the protocol, `ParameterStatus`.
 */
export class StringSyntax {
  private state: 'unknown' | 'standard' | 'uncertain' = 'unknown'

  /** True when all sessions have reported that a backslash escapes nothing. */
  get isStandard(): boolean {
    return this.state === 'standard'
  }

  /** Handles a setting reported by a server. */
  report(setting: unknown, value: unknown): void {
    if (setting !== SETTING) return
    if (value !== 'on') this.state = 'uncertain'
    else if (this.state === 'unknown') this.state = 'standard'
  }

  /** Notes a session whose report was missed. */
  missed(): void {
    this.state = 'uncertain'
  }

  /** Checks a text before it is sent. */
  notice(text: string): void {
    if (MENTION.test(text)) this.state = 'uncertain'
  }
}

const SETTING = 'standard_conforming_strings'
const MENTION = /standard_conforming_strings/i
