/** Keys that end in a name of the user's. */
const TEMPLATES = [
  ['http.request.header.', '<name>'],
  ['http.response.header.', '<name>'],
  ['rpc.request.header.', '<key>'],
  ['rpc.response.header.', '<key>'],
  ['rpc.response.trailer.', '<key>'],
  ['rpc.grpc.request.metadata.', '<key>'],
  ['rpc.grpc.response.metadata.', '<key>'],
  ['db.query.parameter.', '<index>'],
] as const

/** Roots of the keys that our packages write; others come from the hooks of a test. */
const ROOTS =
  /^(?:client|db|error|exception|http|kafka|messaging|network|rpc|server|spanwright|url|user_agent)\./

/** Whether a key is one of ours to document. */
export function isDocumented(key: string): boolean {
  return ROOTS.test(key)
}

/** A key with a placeholder in the place of a name. */
export function keyOf(key: string): string {
  const template = TEMPLATES.find(([prefix]) => key.startsWith(prefix))
  return template ? template.join('') : key
}
