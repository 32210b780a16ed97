/** Topic that holds messages before a consumer is measured. */
export const PREPARED_TOPIC = 'prepared'
/** How many messages it holds, in its only partition. */
export const PREPARED_MESSAGES = 5000
