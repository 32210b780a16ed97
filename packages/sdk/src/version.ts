/** Version of this package, by which the scope of its metrics is known. */
export const VERSION = '0.1.0'
