import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_QUERY_SUMMARY,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_STORED_PROCEDURE_NAME,
  DB_METRIC_ATTRIBUTES,
  DB_SYSTEM_POSTGRESQL,
  METRIC_DB_CLIENT_OPERATION_DURATION,
  METRIC_DB_CLIENT_RESPONSE_RETURNED_ROWS,
} from '@spanwright/core/semconv'
import { type DurationMetric, LateHistogram, pickAttributes, type Settings } from '@spanwright/core/plugin'

import type { QueryCall } from './call.ts'
import type { Endpoint } from '../connection/endpoint.ts'
import type { DatabaseOperation, PoolTracingOptions } from '../options.ts'
import { statementOf } from '../sql/statement.ts'
import type { StringSyntax } from '../connection/string-syntax.ts'
import { TextCache } from '../text-cache.ts'

/** The data shared by the spans and metrics of all queries with one text. */
export interface Description {
  readonly endpoint: Endpoint
  /** Name of the span. */
  readonly name: string
  readonly attributes: Readonly<Attributes>
  /** False when the values of the query cannot be assigned to a single statement. */
  readonly showsParameters: boolean
  readonly duration: DurationMetric<DatabaseOperation>
}

/** Describes queries, with a cache by text. */
export class Descriptions {
  readonly histogram: LateHistogram<DatabaseOperation>
  readonly rows: LateHistogram<DatabaseOperation>
  private readonly settings: Settings<DatabaseOperation>
  private readonly queryText: PoolTracingOptions['queryText']
  private readonly measuresSummary: boolean
  /**
   * Separate caches for calls with and without parameter values, since a text without them contains its values itself.
   */
  private parameterised = new TextCache<Description>()
  private complete = new TextCache<Description>()
  private readonly strings: StringSyntax
  /** Whether the cached descriptions assume standard strings. */
  private isStandard = false
  private unread: Description | undefined

  constructor(
    settings: Settings<DatabaseOperation>,
    { queryText, metrics }: PoolTracingOptions,
    strings: StringSyntax,
  ) {
    this.settings = settings
    this.strings = strings
    this.queryText = queryText
    this.measuresSummary = typeof metrics === 'object' && metrics.querySummary === true
    this.histogram = new LateHistogram(settings, METRIC_DB_CLIENT_OPERATION_DURATION)
    this.rows = new LateHistogram(settings, METRIC_DB_CLIENT_RESPONSE_RETURNED_ROWS)
  }

  /** The description of a query; its text is read only when the result would be recorded. */
  of({ text, parameters }: QueryCall, endpoint: Endpoint): Description {
    if (!this.measuresSummary && !this.settings.hasTracerProvider) return this.ofAny(endpoint)
    const hasValues = parameters !== undefined && parameters.length > 0
    if (this.isStandard !== this.strings.isStandard) this.forget()
    const cache = hasValues ? this.parameterised : this.complete
    const found = cache.get(text)
    if (found?.endpoint === endpoint) return found
    const description = this.read(text, hasValues, endpoint)
    cache.set(text, description)
    return description
  }

  private forget(): void {
    this.isStandard = this.strings.isStandard
    this.parameterised = new TextCache()
    this.complete = new TextCache()
  }

  private ofAny(endpoint: Endpoint): Description {
    if (this.unread?.endpoint !== endpoint) {
      this.unread = this.describe(endpoint, DB_SYSTEM_POSTGRESQL, { ...endpoint.attributes }, false)
    }
    return this.unread
  }

  private read(text: string, hasValues: boolean, endpoint: Endpoint): Description {
    const { queryText } = this
    const attributes: Attributes = { ...endpoint.attributes }
    this.strings.notice(text)
    const { summary, masked, procedure, count, parameters } = statementOf(text, this.strings.isStandard)
    if (queryText !== 'off' && text !== '') {
      // A parameterized text has its values elsewhere, and is recorded unchanged.
      attributes[ATTR_DB_QUERY_TEXT] = (hasValues && parameters) || queryText === 'raw' ? text : masked
    }
    if (count > 1) attributes[ATTR_DB_OPERATION_BATCH_SIZE] = count
    if (procedure !== undefined) attributes[ATTR_DB_STORED_PROCEDURE_NAME] = procedure
    if (summary !== '') attributes[ATTR_DB_QUERY_SUMMARY] = summary
    return this.describe(endpoint, summary || DB_SYSTEM_POSTGRESQL, attributes, count <= 1)
  }

  private describe(
    endpoint: Endpoint,
    name: string,
    attributes: Attributes,
    showsParameters: boolean,
  ): Description {
    const { histogram, settings } = this
    const keys = this.measuresSummary ? KEYS_WITH_SUMMARY : DB_METRIC_ATTRIBUTES
    const known = settings.hasHooks ? undefined : pickAttributes(attributes, keys)
    return { endpoint, name, attributes, showsParameters, duration: { histogram, keys, known } }
  }
}

const KEYS_WITH_SUMMARY = [...DB_METRIC_ATTRIBUTES, ATTR_DB_QUERY_SUMMARY, ATTR_DB_STORED_PROCEDURE_NAME]
